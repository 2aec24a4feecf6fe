import HTTPClient
import KubernetesObjects
import LinuxIO
import Logging
import RollbackTestKit
import Testing

@testable import KubernetesClient

@Suite(.timeLimit(.minutes(1)))
struct ClusterObserverTests {
  static func json(_ name: String, uid: String? = nil, version: Int, app: String = "a") -> String {
    #"{"metadata":{"name":"\#(name)","namespace":"n","uid":"\#(uid ?? name)","resourceVersion":"\#(version)","#
      + #""labels":{"app":"\#(app)"}},"spec":{"containers":[]}}"#
  }

  static func list(_ items: [String], version: Int) -> ScriptedHTTPServer.Answer {
    .init(text: #"{"metadata":{"resourceVersion":"\#(version)"},"items":[\#(items.joined(separator: ","))]}"#)
  }

  static func event(_ type: String, _ object: String) -> String {
    #"{"type":"\#(type)","object":\#(object)}"# + "\n"
  }

  static let expired = event(
    "ERROR", #"{"kind":"Status","status":"Failure","message":"too old","reason":"Expired","code":410}"#)

  /// An observer that runs while `body` does.
  func withObserver(
    idleTimeout: Duration = .seconds(300), configuration: KubernetesClientConfiguration = .init(),
    _ body: @Sendable (ScriptedCluster, ClusterObserver) async throws -> Void
  ) async throws {
    try await ScriptedCluster.with(configuration: configuration) { cluster in
      let observer = ClusterObserver(
        client: cluster.client, idleTimeout: idleTimeout,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await observer.run() }
        try await body(cluster, observer)
        group.cancelAll()
      }
    }
  }

  /// Answers the list and opens the watch that follow a first subscription.
  func serve(_ cluster: ScriptedCluster, list items: [String], version: Int) async -> Exchange {
    let listed = await cluster.server.next()
    #expect(listed.request.query["watch"] == nil)
    #expect(listed.request.query["resourceVersion"] == "0")
    listed.respond(Self.list(items, version: version))
    return await openWatch(cluster, from: version)
  }

  func openWatch(_ cluster: ScriptedCluster, from version: Int) async -> Exchange {
    let watch = await cluster.server.next()
    #expect(watch.request.query["watch"] == "1")
    #expect(watch.request.query["resourceVersion"] == String(version))
    watch.respondChunked()
    return watch
  }

  @Test func manySubscribersShareOneListAndOneWatch() async throws {
    try await withObserver { cluster, observer in
      let subscriptions = (0..<100).map { number in
        observer.subscribe(to: Pod.self, in: "n", where: number % 2 == 0 ? .all : .named("a"))
      }
      let watch = await serve(cluster, list: [Self.json("a", version: 1), Self.json("b", version: 2)], version: 10)
      for (number, subscription) in subscriptions.enumerated() {
        let iterator = subscription.makeAsyncIterator()
        let first = await iterator.next()
        #expect(first?.isInitial == true)
        #expect(Set(first?.changed.map(\.metadata.name) ?? []) == (number % 2 == 0 ? ["a", "b"] : ["a"]))
      }
      watch.sendChunk(Self.event("MODIFIED", Self.json("a", version: 11)))
      for subscription in subscriptions {
        #expect(await subscription.makeAsyncIterator().next()?.changed.map(\.metadata.resourceVersion) == ["11"])
      }
      #expect(observer.reflectorCount == 1)
      let started = await cluster.client.statistics
      #expect(started.requests.requestsStarted == 1 && started.watches.requestsStarted == 1)
      // A late subscriber costs nothing either.
      let late = observer.subscribe(
        to: Pod.self, in: "n", where: .selected(by: LabelSelector(matchLabels: ["app": "a"])))
      #expect(await late.makeAsyncIterator().next()?.changed.count == 2)
      #expect(await cluster.client.statistics == started)
    }
  }

  @Test func anExpiredWatchLeadsToOneFreshListWhichTellsTheDeletions() async throws {
    try await withObserver { cluster, observer in
      let updates = observer.subscribe(to: Pod.self, in: "n").makeAsyncIterator()
      let watch = await serve(cluster, list: [Self.json("a", version: 1), Self.json("b", version: 2)], version: 10)
      #expect(await updates.next()?.changed.count == 2)
      watch.sendChunk(Self.expired)
      watch.endChunks()
      let listed = await cluster.server.next()
      #expect(listed.request.query["resourceVersion"] == nil)
      listed.respond(Self.list([Self.json("b", version: 2), Self.json("c", version: 30)], version: 40))
      let update = await updates.next()
      #expect(update?.deleted.map(\.metadata.name) == ["a"])
      #expect(update?.changed.map(\.metadata.name) == ["c"])
      #expect(update?.reachability == .reachable)
      _ = await openWatch(cluster, from: 40)
    }
  }

  @Test func bookmarksAreNoObjectsButSayWhereToGoOn() async throws {
    try await withObserver { cluster, observer in
      let updates = observer.subscribe(to: Deployment.self, in: "tr-q").makeAsyncIterator()
      let watch = await serve(cluster, list: [], version: 3500)
      #expect(await updates.next() == ObjectUpdate(isInitial: true))
      let lines = try Recorded.lines("q-bookmarks", "deployments")
      watch.sendChunk(lines.map { $0 + "\n" }.joined())
      var last: String?
      while last != "3575" {
        let update = await updates.next()
        #expect(update?.changed.map(\.metadata.name) == ["hello"])
        last = update?.changed.last?.metadata.resourceVersion
      }
      watch.endChunks()
      _ = await openWatch(cluster, from: 3673)
    }
  }

  @Test func subscribersLearnSinceWhenTheServerIsAwayAndThatItIsBack() async throws {
    try await withObserver { cluster, observer in
      let updates = observer.subscribe(to: Pod.self, in: "n").makeAsyncIterator()
      let watch = await serve(cluster, list: [], version: 10)
      #expect(await updates.next()?.isInitial == true)
      // Cut in the middle of an answer, that is: no clean end.
      watch.close(abruptly: true)
      let update = await updates.next()
      guard case .unreachable(let since, _)? = update?.reachability else {
        Issue.record("not told: \(String(describing: update))")
        return
      }
      #expect(since == Timestamp(seconds: 1000))
      // Of 0.8 s, the tenth and half of the rest. (The idle watcher's five minutes come first or second.)
      let sleeps = await [cluster.clock.nextSleep(), cluster.clock.nextSleep()].sorted()
      #expect(sleeps[0] > .milliseconds(439) && sleeps[0] < .milliseconds(441) && sleeps[1] == .seconds(300))
      cluster.clock.advance(by: .milliseconds(441))
      let again = await openWatch(cluster, from: 10)
      #expect(await updates.next()?.reachability == .reachable)
      again.sendChunk(Self.event("ADDED", Self.json("z", version: 12)))
      #expect(await updates.next()?.changed.map(\.metadata.name) == ["z"])
    }
  }

  @Test func aRefusalIsToldBeforeThereIsAnyState() async throws {
    try await withObserver { cluster, observer in
      let updates = observer.subscribe(to: Pod.self, in: "n").makeAsyncIterator()
      let exchange = await cluster.server.next()
      exchange.respond(.init(try KubernetesClientTests.recorded("403 deployer may not list pods")))
      guard case .unreachable(_, let error)? = await updates.next()?.reachability else {
        Issue.record("not told")
        return
      }
      #expect(error.code == .forbidden)
    }
  }

  @Test func aSlowSubscriberHearsTheNewestOnly() async throws {
    try await withObserver { cluster, observer in
      let slow = observer.subscribe(to: Pod.self, in: "n").makeAsyncIterator()
      let quick = observer.subscribe(to: Pod.self, in: "n").makeAsyncIterator()
      let watch = await serve(cluster, list: [], version: 10)
      #expect(await slow.next()?.isInitial == true)
      #expect(await quick.next()?.isInitial == true)
      for version in 11...500 { watch.sendChunk(Self.event("MODIFIED", Self.json("a", version: version))) }
      var last = ""
      while last != "500" { last = await quick.next()?.changed.last?.metadata.resourceVersion ?? last }
      #expect(await slow.next()?.changed.map(\.metadata.resourceVersion) == ["500"])
    }
  }

  @Test func aListAndWatchEndsWhenNobodyHasWantedItForAWhile() async throws {
    try await withObserver(idleTimeout: .seconds(300)) { cluster, observer in
      var subscription: ObjectSubscription<Pod>? = observer.subscribe(to: Pod.self, in: "n")
      let watch = await serve(cluster, list: [], version: 10)
      _ = await subscription?.makeAsyncIterator().next()
      subscription = nil
      #expect(await cluster.clock.nextSleep() == .seconds(300))
      cluster.clock.advance(by: .seconds(300))
      // Somebody was there in the first five minutes; nobody in the next.
      #expect(await cluster.clock.nextSleep() == .seconds(300))
      #expect(observer.reflectorCount == 1)
      cluster.clock.advance(by: .seconds(300))
      await watch.closedByClient()
      // A new subscriber begins anew.
      let again = observer.subscribe(to: Pod.self, in: "n").makeAsyncIterator()
      _ = await serve(cluster, list: [], version: 20)
      #expect(await again.next()?.isInitial == true)
    }
  }

  /// A watch has a connection for minutes: that of many namespaces leaves none for a PATCH, unless they are apart.
  @Test func requestsDoNotWaitForTheConnectionsOfWatches() async throws {
    try await withObserver { cluster, observer in
      let namespaces = (0...HTTPClientConfiguration().maximumConnections).map { "n\($0)" }
      var subscriptions: [ObjectSubscription<Pod>] = []
      var watches: [Exchange] = []
      for namespace in namespaces {
        subscriptions.append(observer.subscribe(to: Pod.self, in: namespace))
        watches.append(await serve(cluster, list: [], version: 10))
      }
      async let version = cluster.client.version()
      let asked = await cluster.server.next()
      asked.respond(.init(text: #"{"gitVersion":"v1.36.0"}"#))
      let answer = try await version
      #expect(answer.gitVersion == "v1.36.0")
      #expect(subscriptions.count == watches.count)
    }
  }

  @Test func anUnusedWatchMakesRoomTheOneWhoseLastSubscriberCameFirst() async throws {
    var configuration = KubernetesClientConfiguration()
    configuration.maximumWatches = 2
    try await withObserver(configuration: configuration) { cluster, observer in
      var used: ObjectSubscription<Pod>? = observer.subscribe(to: Pod.self, in: "used")
      _ = await serve(cluster, list: [], version: 10)
      var left: ObjectSubscription<Pod>? = observer.subscribe(to: Pod.self, in: "left")
      let unused = await serve(cluster, list: [], version: 20)
      #expect(left != nil)
      left = nil
      var third: ObjectSubscription<Pod>? = observer.subscribe(to: Pod.self, in: "third")
      await unused.closedByClient()
      let thirdWatch = await serve(cluster, list: [], version: 30)
      #expect(await third?.makeAsyncIterator().next()?.isInitial == true)
      #expect(observer.reflectorCount == 2)
      // The one that has a subscriber is still what it was.
      #expect(await used?.makeAsyncIterator().next()?.isInitial == true)
      // Of two that nobody wants the one goes whose last subscriber came first, not the one that began first.
      used = observer.subscribe(to: Pod.self, in: "used")
      #expect(await used?.makeAsyncIterator().next()?.isInitial == true)
      (used, third) = (nil, nil)
      // And what was ended begins anew.
      let again = observer.subscribe(to: Pod.self, in: "left")
      await thirdWatch.closedByClient()
      _ = await serve(cluster, list: [], version: 40)
      #expect(await again.makeAsyncIterator().next()?.isInitial == true)
    }
  }

  @Test func everySubscriptionEndsWithTheObserver() async throws {
    try await ScriptedCluster.with { cluster in
      let observer = ClusterObserver(
        client: cluster.client, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      let updates = observer.subscribe(to: Pod.self, in: "n").makeAsyncIterator()
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await observer.run() }
        _ = await serve(cluster, list: [], version: 10)
        #expect(await updates.next()?.isInitial == true)
        group.cancelAll()
        #expect(await updates.next() == nil)
      }
      #expect(await observer.subscribe(to: Pod.self, in: "n").makeAsyncIterator().next() == nil)
    }
  }

  /// The end has been asked for and has not been carried out: nobody will run what is subscribed to now.
  @Test func aSubscriptionThatComesWhileTheObserverEndsEndsToo() async throws {
    let loop = try EventLoop.start(label: "observer")
    defer { loop.end() }
    try await ScriptedCluster.with { cluster in
      let observer = ClusterObserver(
        client: cluster.client, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      let running = Task(executorPreference: loop) { await observer.run() }
      let early = observer.subscribe(to: Pod.self, in: "n")
      _ = await serve(cluster, list: [], version: 1)
      // On the loop that `run()` needs in order to end.
      let late = try await loop.call {
        running.cancel()
        return observer.subscribe(to: Pod.self, in: "other")
      }
      #expect(await late.makeAsyncIterator().next() == nil)
      await running.value
      let iterator = early.makeAsyncIterator()
      while await iterator.next() != nil {}
    }
  }

  @Test func aCancelledReaderGetsNilAndMayReadOn() async throws {
    try await withObserver { cluster, observer in
      let subscription = observer.subscribe(to: Pod.self, in: "n")
      let updates = subscription.makeAsyncIterator()
      let watch = await serve(cluster, list: [], version: 10)
      #expect(await updates.next()?.isInitial == true)
      let task = Task { await subscription.makeAsyncIterator().next() }
      task.cancel()
      #expect(await task.value == nil)
      watch.sendChunk(Self.event("ADDED", Self.json("a", version: 11)))
      #expect(await updates.next()?.changed.count == 1)
    }
  }
}
