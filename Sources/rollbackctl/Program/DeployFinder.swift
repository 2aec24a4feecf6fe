internal import RollbackClient
internal import RollbackMessages

/// Finds the deploy that a word on the command line means where no app is named.
struct DeployFinder {
  var context: CommandContext

  /// What to attach to: a deploy by its id or the beginning of it, else the newest deploy of an app.
  func watched(_ word: String, from sequence: UInt64) async throws -> WatchDeployRequest {
    if let id = UUIDText.canonical(word) { return WatchDeployRequest(deploy: id, fromSeq: sequence) }
    do {
      let page = try await context.daemon.listDeploys(ListDeploysRequest(app: word, pageSize: 1))
      guard let newest = page.deploys.first else { throw CommandFailure(.notFound, "App \(word) has no deploys yet.") }
      return WatchDeployRequest(deploy: newest.id, fromSeq: sequence)
    } catch let error as RollbackError where error.reason == .notFound {
      return WatchDeployRequest(deploy: try await deploy(beginningWith: word).id, fromSeq: sequence)
    }
  }

  /// What to end: the deploy in progress of the app that a word names, else a deploy whose id begins with it.
  func running(_ word: String) async throws -> String {
    do {
      let page = try await context.daemon.listDeploys(ListDeploysRequest(app: word, pageSize: 1))
      if let newest = page.deploys.first, newest.status == .deploying || newest.status == .building { return newest.id }
      throw CommandFailure(.expectationFailed, "App \(word) has no deploy in progress.")
    } catch let error as RollbackError where error.reason == .notFound {
      // It is a deploy that is asked for: what can be none is no argument.
      guard Self.isBeginning(word) else {
        throw CommandFailure(
          .invalidArgument, "\"\(word)\" is neither an app nor a deploy id (at least 4 digits of one).")
      }
      return try await deploy(beginningWith: word).id
    }
  }

  private static func isBeginning(_ word: String) -> Bool {
    (4...36).contains(word.utf8.count) && word.allSatisfy { $0 == "-" || $0.isASCII && $0.isHexDigit }
  }

  /// The deploy of an app that a word means.
  func deploy(_ word: String, of app: String) async throws -> DeployRecord {
    var request = ListDeploysRequest(app: app, pageSize: 500)
    var deploys: [DeployRecord] = []
    while true {
      let page = try await context.daemon.listDeploys(request)
      deploys += page.deploys
      do {
        return try DeployHistory(deploys: deploys).deploy(named: word, app: app)
      } catch let failure as CommandFailure where failure.reason == .notFound && !page.nextPageToken.isEmpty {
        request.pageToken = page.nextPageToken
      }
    }
  }

  /// The deploy of any app whose id begins so: one that is running, else one of an app's newest hundred.
  func deploy(beginningWith word: String) async throws -> (id: String, app: String) {
    let prefix = word.lowercased()
    guard Self.isBeginning(prefix) else {
      throw CommandFailure(
        .notFound, "There is no app \(word), and it is no deploy id, of which at least 4 digits are needed.")
    }
    var found: [(id: String, app: String)] = try await context.daemon.health().running
      .filter { $0.deployID.hasPrefix(prefix) }.map { ($0.deployID, $0.app) }
    var request = ListAppsRequest(pageSize: 500)
    while found.isEmpty {
      let page = try await context.daemon.listApps(request)
      for app in page.apps {
        let deploys = try await context.daemon.listDeploys(ListDeploysRequest(app: app.name, pageSize: 100)).deploys
        found += deploys.filter { $0.id.hasPrefix(prefix) }.map { ($0.id, $0.app) }
      }
      guard !page.nextPageToken.isEmpty else { break }
      request.pageToken = page.nextPageToken
    }
    guard let first = found.first else {
      throw CommandFailure(.notFound, "There is no app \(word), and no recent deploy whose id begins with it.")
    }
    guard found.count == 1 else {
      let ids = found.prefix(4).map { "\($0.id) (\($0.app))" }.joined(separator: ", ")
      throw CommandFailure(
        .invalidArgument, "\"\(word)\" is the beginning of several deploys: \(ids). Give more digits.")
    }
    return first
  }
}
