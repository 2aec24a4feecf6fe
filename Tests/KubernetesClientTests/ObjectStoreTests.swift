import KubernetesObjects
import Testing

@testable import KubernetesClient

/// A pod that differs from others of its uid in nothing but its version.
func pod(
  _ name: String, uid: String? = nil, version: Int = 1, labels: [String: String] = [:], owner: String? = nil
) -> Pod {
  Pod(
    metadata: ObjectMeta(
      name: name, namespace: "n", uid: uid ?? "uid-\(name)", resourceVersion: String(version), labels: labels,
      ownerReferences: owner.map { [OwnerReference(kind: "ReplicaSet", name: $0, uid: $0)] } ?? []),
    spec: PodSpec(containers: []))
}

@Suite struct ObjectStoreTests {
  typealias Change = ObjectStore<Pod>.Change

  @Test func aListTellsWhatNoWatchTold() {
    var store = ObjectStore<Pod>()
    #expect(!store.isSynced)
    #expect(Set(store.replace(with: [pod("a"), pod("b"), pod("c")])).count == 3)
    #expect(store.isSynced)
    let changes = store.replace(with: [pod("b", version: 2), pod("c", uid: "other"), pod("d")])
    #expect(
      Set(changes) == [
        .deleted(pod("a"), before: pod("a")), .changed(pod("b", version: 2), before: pod("b")),
        .deleted(pod("c"), before: pod("c")),
        .changed(pod("c", uid: "other"), before: nil), .changed(pod("d"), before: nil),
      ])
    #expect(store.replace(with: [pod("b", version: 2), pod("c", uid: "other"), pod("d")]).isEmpty)
  }

  @Test func aNewUidIsAnotherObject() {
    var store = ObjectStore<Pod>()
    _ = store.change(pod("a"))
    #expect(
      store.change(pod("a", uid: "new")) == [
        .deleted(pod("a"), before: pod("a")), .changed(pod("a", uid: "new"), before: nil),
      ])
    // A late DELETED of the first does not touch the second.
    #expect(store.delete(pod("a")).isEmpty)
    #expect(
      store.delete(pod("a", uid: "new", version: 9))
        == [.deleted(pod("a", uid: "new", version: 9), before: pod("a", uid: "new"))])
    #expect(store.delete(pod("a", uid: "new")).isEmpty)
  }

  @Test func saysNothingOfARepetition() {
    var store = ObjectStore<Pod>()
    _ = store.change(pod("a"))
    #expect(store.change(pod("a")).isEmpty)
  }
}

@Suite struct SubscriberInboxTests {
  func inbox(_ filter: ObjectFilter<Pod> = .all, having pods: [Pod] = []) -> SubscriberInbox<Pod> {
    var inbox = SubscriberInbox(filter: filter, reachability: .reachable)
    inbox.sync(pods)
    return inbox
  }

  @Test func saysNothingBeforeTheStateIsKnown() {
    var inbox = SubscriberInbox<Pod>(filter: .all, reachability: .reachable)
    inbox.receive(.changed(pod("a"), before: nil))
    #expect(inbox.take() == nil)
    inbox.sync([])
    #expect(inbox.take() == ObjectUpdate(isInitial: true))
    #expect(inbox.take() == nil)
  }

  @Test func beginsWithTheCompleteStateThenTellsTheNewestOfEach() {
    var inbox = inbox(having: [pod("a"), pod("b")])
    #expect(inbox.take() == ObjectUpdate(changed: [pod("a"), pod("b")], isInitial: true))
    for version in 2..<1000 {
      inbox.receive(.changed(pod("b", version: version), before: nil))
      inbox.receive(.changed(pod("c", version: version), before: nil))
    }
    #expect(inbox.take() == ObjectUpdate(changed: [pod("b", version: 999), pod("c", version: 999)]))
  }

  @Test func whatComesAndGoesUnseenIsNotMentioned() {
    var inbox = inbox()
    _ = inbox.take()
    for number in 0..<1000 {
      inbox.receive(.changed(pod("p\(number)"), before: nil))
      inbox.receive(.deleted(pod("p\(number)"), before: pod("p\(number)")))
    }
    #expect(inbox.take() == nil)
  }

  @Test func aKnownObjectsDeletionIsToldWithItsLastState() {
    var inbox = inbox(having: [pod("a")])
    _ = inbox.take()
    inbox.receive(.deleted(pod("a", version: 5), before: pod("a", version: 5)))
    inbox.receive(.changed(pod("a", uid: "again"), before: nil))
    #expect(inbox.take() == ObjectUpdate(changed: [pod("a", uid: "again")], deleted: [pod("a", version: 5)]))
  }

  @Test func leavingTheFilterIsADeletionAndComingBackUndoesIt() {
    var inbox = inbox(.selected(by: LabelSelector(matchLabels: ["app": "x"])), having: [pod("a", labels: ["app": "x"])])
    _ = inbox.take()
    inbox.receive(.changed(pod("a", version: 2), before: nil))
    inbox.receive(.changed(pod("a", version: 3, labels: ["app": "x"]), before: nil))
    #expect(inbox.take() == ObjectUpdate(changed: [pod("a", version: 3, labels: ["app": "x"])]))
    inbox.receive(.changed(pod("a", version: 4), before: nil))
    #expect(inbox.take() == ObjectUpdate(deleted: [pod("a", version: 4)]))
  }

  @Test func reachabilityIsToldOnceAndNotWhenItFlickersUnseen() {
    var inbox = inbox()
    _ = inbox.take()
    let away = Reachability.unreachable(
      since: Timestamp(seconds: 5), error: KubernetesError(code: .unreachable, message: "gone"))
    inbox.receive(away)
    inbox.receive(.reachable)
    #expect(inbox.take() == nil)
    inbox.receive(away)
    #expect(inbox.take() == ObjectUpdate(reachability: away))
    #expect(inbox.take() == nil)
    inbox.receive(.reachable)
    #expect(inbox.take() == ObjectUpdate(reachability: .reachable))
  }

  @Test func anOutageBeforeTheFirstListIsTold() {
    let away = Reachability.unreachable(
      since: Timestamp(seconds: 5), error: KubernetesError(code: .forbidden, message: "no"))
    var inbox = SubscriberInbox<Pod>(filter: .all, reachability: away)
    #expect(inbox.take() == ObjectUpdate(reachability: away))
  }
}

@Suite struct SubscriberListTests {
  @Test func indexedSubscribersHearWhatUnindexedOnesWouldHear() async {
    // Each filter twice, with its index and as a mere predicate; a random history; the same updates.
    let filters: [ObjectFilter<Pod>] = [
      .named("p1"), .owned(by: "o1"), .selected(by: LabelSelector(matchLabels: ["app": "a", "tier": "t1"])), .all,
    ]
    for seed in 0..<50 {
      var random = SeededRandom(seed: UInt64(seed))
      var store = ObjectStore<Pod>()
      var list = SubscriberList<Pod>()
      var plain = filters.map {
        SubscriberInbox(filter: ObjectFilter(matches: $0.matches, indexKey: nil), reachability: .reachable)
      }
      _ = store.replace(with: [])
      let ids = filters.map { list.add(SubscriberInbox(filter: $0, reachability: .reachable)) }
      _ = list.sync([])
      for index in plain.indices { plain[index].sync([]) }
      for step in 0..<100 {
        let name = "p\(Int.random(in: 0..<3, using: &random))"
        let object = pod(
          name, uid: "\(name)-\(Int.random(in: 0..<3, using: &random))", version: step,
          labels: [
            "app": Bool.random(using: &random) ? "a" : "b", "tier": "t\(Int.random(in: 0..<2, using: &random))",
          ],
          owner: "o\(Int.random(in: 0..<2, using: &random))")
        let changes = Bool.random(using: &random) ? store.change(object) : store.delete(object)
        #expect(list.receive(changes).isEmpty)
        for index in plain.indices { for change in changes { plain[index].receive(change) } }
      }
      for (index, id) in ids.enumerated() {
        let expected = plain[index].take()
        let got: ObjectUpdate<Pod>? = await withCheckedContinuation { waiter in
          switch list.request(id, waiter) {
          case .now(let update): waiter.resume(returning: update)
          case .wait: list.cancelWait(id)?.resume()
          }
        }
        #expect(Set(got?.changed ?? []) == Set(expected?.changed ?? []))
        #expect(Set(got?.deleted ?? []) == Set(expected?.deleted ?? []))
      }
    }
  }

  @Test func aSubscriberThatLeavesIsForgotten() {
    var list = SubscriberList<Pod>()
    let id = list.add(SubscriberInbox(filter: .named("a"), reachability: .reachable))
    #expect(!list.isEmpty)
    #expect(list.remove(id) == nil)
    #expect(list.isEmpty)
    #expect(list.everAdded == 1)
    #expect(list.receive([.changed(pod("a"), before: nil)]).isEmpty)
  }
}

/// A small generator whose runs can be repeated (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
