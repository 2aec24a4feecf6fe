import RollbackMessages

extension Sample {
  static let rollouts: [Sample] = [
    Sample(
      "RolloutOptions",
      RolloutOptions(
        requestID: "request-id", reason: "reason", timeout: .milliseconds(3500), soak: .milliseconds(4500),
        noFailFast: true, onFailure: .revert, requireImageCheck: true, expectCurrent: "expect-current",
        waitForLock: .milliseconds(9500), cancelRunning: true, token: "token", onBehalfOf: "on-behalf-of"),
      "0a0a726571756573742d69641206726561736f6e1a0808031080cab5ee01220808041080cab5ee01280130023801420e"
        + "6578706563742d63757272656e744a0808091080cab5ee0150015a05746f6b656e620c6f6e2d626568616c662d6f66"),
    Sample(
      "RollbackRequest",
      RollbackRequest(app: "app", target: "target", options: RolloutOptions(requestID: "request-id")),
      "0a0361707012067461726765741a0c0a0a726571756573742d6964"),
    Sample(
      "DeployRequest",
      DeployRequest(app: "app", image: "image", options: RolloutOptions(requestID: "request-id")),
      "0a036170701205696d6167651a0c0a0a726571756573742d6964"),
    Sample(
      "WatchDeployRequest",
      WatchDeployRequest(deploy: "deploy", app: "app", fromSeq: 103),
      "0a066465706c6f7912036170701867"),
    Sample(
      "RolloutFrame accepted",
      RolloutFrame(
        seq: 101, at: Timestamp(seconds: 1_700_000_002, nanoseconds: 2_000),
        kind: .accepted(RolloutAccepted(deploy: DeployRecord(id: "id")))),
      "086512090882e2cfaa0610d00f1a060a040a026964"),
    Sample(
      "RolloutFrame progress",
      RolloutFrame(
        seq: 101, at: Timestamp(seconds: 1_700_000_002, nanoseconds: 2_000),
        kind: .progress(RolloutProgress(phase: .reverting))),
      "086512090882e2cfaa0610d00f22020806"),
    Sample(
      "RolloutFrame finished",
      RolloutFrame(
        seq: 101, at: Timestamp(seconds: 1_700_000_002, nanoseconds: 2_000),
        kind: .finished(RolloutFinished(deploy: DeployRecord(id: "id")))),
      "086512090882e2cfaa0610d00f2a060a040a026964"),
    Sample(
      "RolloutAccepted",
      RolloutAccepted(
        deploy: DeployRecord(id: "id"), from: DeployRecord(id: "id"), target: DeployRecord(id: "id"),
        warnings: [Warning(code: "code"), Warning()], auditID: 70_000_000_005, namespace: "namespace",
        deployment: "deployment", container: "container", joined: true, undoes: DeployRecord(id: "id"),
        imageCheck: "image-check", targetLiveFor: .milliseconds(9500)),
      "0a040a02696412040a0269641a040a02696422060a04636f646522002885f8cce2840232096e616d6573706163653a0a"
        + "6465706c6f796d656e744209636f6e7461696e65724801a201040a026964aa010b696d6167652d636865636bb2010808"
        + "091080cab5ee01"),
    Sample(
      "PodState",
      PodState(
        name: "name", ready: true, restarts: 103, state: "state", message: "message",
        containers: [ContainerState(name: "name"), ContainerState()]),
      "0a046e616d6510011867220573746174652a076d65737361676532060a046e616d653200"),
    Sample(
      "ContainerState", ContainerState(name: "name", ready: true, restarts: 103, state: "state"),
      "0a046e616d651001186722057374617465"),
    Sample(
      "RolloutProgress",
      RolloutProgress(
        phase: .reverting, replicas: Replicas(desired: 101), pods: [PodState(name: "name"), PodState()],
        message: "message", elapsed: .milliseconds(5500), trouble: "trouble"),
      "0806120208651a060a046e616d651a0022076d6573736167652a0808051080cab5ee01320774726f75626c65"),
    Sample(
      "ClusterEvent",
      ClusterEvent(
        at: Timestamp(seconds: 1_700_000_001, nanoseconds: 1_000), object: "object", type: "type", reason: "reason",
        message: "message", count: 106),
      "0a090881e2cfaa0610e80712066f626a6563741a04747970652206726561736f6e2a076d657373616765306a"),
    Sample(
      "Diagnosis",
      Diagnosis(
        summary: "summary", pod: "pod", container: "container", reason: "reason", exitCode: -5, terminated: true,
        restarts: 107,
        events: [ClusterEvent(at: Timestamp(seconds: 1_700_000_001, nanoseconds: 1_000)), ClusterEvent()],
        logTail: "log-tail", previousLogTail: "previous-log-tail", node: "node", image: "image",
        comparison: "comparison", serving: [ServingPod(name: "name"), ServingPod()], probe: "probe",
        notes: ["note", ""]),
      "0a0773756d6d6172791203706f641a09636f6e7461696e65722206726561736f6e28fbffffffffffffffff013001386b"
        + "420b0a090881e2cfaa0610e80742004a086c6f672d7461696c521170726576696f75732d6c6f672d7461696c5a046e6f"
        + "64656205696d6167656a0a636f6d70617269736f6e72060a046e616d6572007a0570726f62658201046e6f7465820100"),
    Sample(
      "ServingPod", ServingPod(name: "name", image: "image", node: "node", restarts: 104, updated: true),
      "0a046e616d651205696d6167651a046e6f646520682801"),
    Sample(
      "RolloutFinished",
      RolloutFinished(
        deploy: DeployRecord(id: "id"), outcome: .alreadyCurrent, message: "message",
        diagnosis: Diagnosis(summary: "summary"), elapsed: .milliseconds(5500), target: .milliseconds(6500),
        warnings: [Warning(code: "code"), Warning()], auditID: 70_000_000_008, podsChecked: 109, podsVerified: 110,
        replicas: Replicas(desired: 101), leftOn: "left-on"),
      "0a040a02696410071a076d65737361676522090a0773756d6d6172792a0808051080cab5ee01320808061080cab5ee01"
        + "3a060a04636f64653a004088f8cce28402486d506e5a02086562076c6566742d6f6e"),
  ]
}
