import RollbackMessages

extension Sample {
  static let apps: [Sample] = [
    Sample(
      "App",
      App(
        id: "id", name: "name", namespace: "namespace", deployment: "deployment", container: "container",
        createdAt: Timestamp(seconds: 1_700_000_006, nanoseconds: 6_000)),
      "0a02696412046e616d651a096e616d657370616365220a6465706c6f796d656e742a09636f6e7461696e657232090886"
        + "e2cfaa0610f02e"),
    Sample(
      "RegisterAppRequest",
      RegisterAppRequest(name: "name", namespace: "namespace", deployment: "deployment", container: "container"),
      "0a046e616d6512096e616d6573706163651a0a6465706c6f796d656e742209636f6e7461696e6572"),
    Sample(
      "RegisterAppResponse",
      RegisterAppResponse(app: App(id: "id"), created: true),
      "0a040a0269641001"),
    Sample(
      "ListAppsRequest",
      ListAppsRequest(pageSize: 101, pageToken: "page-token"),
      "0865120a706167652d746f6b656e"),
    Sample(
      "ListAppsResponse",
      ListAppsResponse(apps: [App(id: "id"), App()], nextPageToken: "next-page-token"),
      "0a040a0269640a00120f6e6578742d706167652d746f6b656e"),
    Sample(
      "Migration",
      Migration(version: "version", name: "name", appliedAt: Timestamp(seconds: 1_700_000_003, nanoseconds: 3_000)),
      "0a0776657273696f6e12046e616d651a090883e2cfaa0610b817"),
    Sample(
      "RecordMigrationRequest",
      RecordMigrationRequest(app: "app", version: "version", name: "name"),
      "0a03617070120776657273696f6e1a046e616d65"),
    Sample(
      "RecordMigrationResponse",
      RecordMigrationResponse(migration: Migration(version: "version"), created: true),
      "0a090a0776657273696f6e1001"),
    Sample(
      "ListMigrationsRequest",
      ListMigrationsRequest(app: "app", pageSize: 102, pageToken: "page-token"),
      "0a0361707010661a0a706167652d746f6b656e"),
    Sample(
      "ListMigrationsResponse",
      ListMigrationsResponse(
        migrations: [Migration(version: "version"), Migration()], nextPageToken: "next-page-token"),
      "0a090a0776657273696f6e0a00120f6e6578742d706167652d746f6b656e"),
  ]
}
