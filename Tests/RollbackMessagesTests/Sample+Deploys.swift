import RollbackMessages

extension Sample {
  static let deploys: [Sample] = [
    Sample(
      "Replicas",
      Replicas(desired: 101, updated: 102, ready: 103, available: 104, old: 105),
      "08651066186720682869"),
    Sample(
      "Warning",
      Warning(code: "code", message: "message", details: ["details", ""]),
      "0a04636f646512076d6573736167651a0764657461696c731a00"),
    Sample(
      "DeployRecord",
      DeployRecord(
        id: "id", app: "app", imageRef: "image-ref", imageDigest: "image-digest", status: .cancelled,
        replicas: Replicas(desired: 101), createdAt: Timestamp(seconds: 1_700_000_007, nanoseconds: 7_000),
        finishedAt: Timestamp(seconds: 1_700_000_008, nanoseconds: 8_000), timeToReady: .milliseconds(9500),
        actorID: "actor-id", reason: "reason", rollbackOf: "rollback-of",
        warnings: [Warning(code: "code"), Warning()], current: true, rollbackable: true,
        notRollbackableReason: "not-rollbackable-reason", migrationsSince: 117,
        imageRetainedUntil: Timestamp(seconds: 1_700_000_018, nanoseconds: 18_000), requestID: "request-id"),
      "0a02696412036170701a09696d6167652d726566220c696d6167652d6469676573742806320208653a090887e2cfaa06"
        + "10d83642090888e2cfaa0610c03e4a0808091080cab5ee0152086163746f722d69645a06726561736f6e620b726f6c6c"
        + "6261636b2d6f666a060a04636f64656a00700178018201176e6f742d726f6c6c6261636b61626c652d726561736f6e88"
        + "017592010a0892e2cfaa0610d08c019a010a726571756573742d6964"),
    Sample(
      "ListDeploysRequest",
      ListDeploysRequest(
        app: "app", pageSize: 102, pageToken: "page-token", eligibleOnly: true, withDefaultTarget: true),
      "0a0361707010661a0a706167652d746f6b656e20012801"),
    Sample(
      "ListDeploysResponse",
      ListDeploysResponse(
        deploys: [DeployRecord(id: "id"), DeployRecord()], nextPageToken: "next-page-token",
        defaultTarget: "default-target", undoes: "undoes"),
      "0a040a0269640a00120f6e6578742d706167652d746f6b656e1a0e64656661756c742d7461726765742206756e646f6573"),
    Sample(
      "PlanRollbackRequest",
      PlanRollbackRequest(app: "app", target: "target", expectCurrent: "expect-current", requireImageCheck: true),
      "0a0361707012067461726765741a0e6578706563742d63757272656e742001"),
    Sample(
      "PlanRollbackResponse",
      PlanRollbackResponse(
        from: DeployRecord(id: "id"), target: DeployRecord(id: "id"), allowed: true, refusalReason: "refusal-reason",
        refusalMessage: "refusal-message", warnings: [Warning(code: "code"), Warning()],
        estimate: .milliseconds(7500), namespace: "namespace", deployment: "deployment", container: "container",
        image: "image", notRestored: ["secrets", "volumes"], estimateRollouts: 5, estimateSameImage: true,
        imageCheck: "present", inFlight: DeployRecord(id: "id"), inFlightHost: "host", targetLiveFor: .seconds(9),
        undoes: DeployRecord(id: "id")),
      "0a040a02696412040a0269641801220e7265667573616c2d726561736f6e2a0f7265667573616c2d6d65737361676532"
        + "060a04636f646532003a0808071080cab5ee0142096e616d6573706163654a0a6465706c6f796d656e745209636f6e74"
        + "61696e65725a05696d6167656207736563726574736207766f6c756d6573680570017a0770726573656e748201040a02"
        + "69648a0104686f737492010208099a01040a026964"),
    Sample(
      "CancelDeployRequest",
      CancelDeployRequest(deploy: "deploy", reason: "reason", token: "token", onBehalfOf: "on-behalf-of"),
      "0a066465706c6f791206726561736f6e1a05746f6b656e220c6f6e2d626568616c662d6f66"),
    Sample(
      "CancelDeployResponse",
      CancelDeployResponse(deploy: DeployRecord(id: "id"), leftOn: "left-on"),
      "0a040a02696412076c6566742d6f6e"),
  ]
}
