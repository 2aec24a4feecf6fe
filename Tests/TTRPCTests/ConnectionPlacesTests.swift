import TTRPCCore
import Testing

@testable import TTRPC

@Suite struct ConnectionPlacesTests {
  private let limits: TransportLimits = {
    var limits = TransportLimits()
    limits.maximumConnections = 3
    limits.maximumConnectionsPerUser = 2
    limits.maximumRefusedConnections = 1
    return limits
  }()

  /// What becomes of a connection, in a word.
  private func take(_ places: inout ConnectionPlaces, _ user: UInt32, refusal: RPCStatus? = nil) -> String {
    switch places.take(userID: user, refusal: refusal) {
    case .serve: "served"
    case .refuse(let status): status.code.description
    case .drop: "dropped"
    }
  }

  @Test func oneUserCannotTakeEverybodysPlaces() {
    var places = ConnectionPlaces(limits, unlimitedUsers: [0])
    #expect(take(&places, 1000) == "served")
    #expect(take(&places, 1000) == "served")
    #expect(take(&places, 1000) == "RESOURCE_EXHAUSTED")
    #expect(take(&places, 1001) == "served")
    // One is being refused, which is as many as may be.
    #expect(!places.hasRoom)
    #expect(take(&places, 1001) == "dropped")
    places.giveBack(userID: 1000, wasRefused: true)
    #expect(places.hasRoom)
    #expect(take(&places, 1002) == "RESOURCE_EXHAUSTED")
    places.giveBack(userID: 1000, wasRefused: false)
    #expect(take(&places, 1000) == "served")
  }

  @Test func theSuperuserIsBoundByTheWholeNumberOnly() {
    var places = ConnectionPlaces(limits, unlimitedUsers: [0])
    #expect((1...4).map { _ in take(&places, 0) } == ["served", "served", "served", "RESOURCE_EXHAUSTED"])
  }

  @Test func whoMayNotCallTakesNoPlaceOfThoseWhoMay() {
    var places = ConnectionPlaces(limits, unlimitedUsers: [])
    #expect(take(&places, 1000, refusal: RPCStatus(.permissionDenied, "no")) == "PERMISSION_DENIED")
    #expect(take(&places, 1000, refusal: RPCStatus(.permissionDenied, "no")) == "dropped")
    #expect((1...3).map { take(&places, UInt32($0)) } == ["served", "served", "served"])
  }
}
