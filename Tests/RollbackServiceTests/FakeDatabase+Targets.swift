import Locking
import RollbackMessages
import struct RolloutCore.ContainerEnvironment
import struct RolloutCore.EnvironmentRecord

@testable import RollbackService

extension FakeDatabase {
  /// Never asked for: a situation here has all deploys.
  func served(of app: App, behind: DeployPosition, limit: Int) async throws -> ServedDeploys {
    ServedDeploys(deploys: [], rolledBackFrom: [], next: nil)
  }

  func timesToReady(
    of app: App, image: String, limits: (sameImage: Int, anyImage: Int)
  ) async throws -> (sameImage: [Duration], anyImage: [Duration]) {
    state.withLock { state in
      let ready = state.rows.reversed().map(\.deploy).filter { $0.timeToReady != nil }
      let same = ready.filter { $0.imageRef == image }.compactMap(\.timeToReady)
      return (Array(same.prefix(limits.sameImage)), Array(ready.compactMap(\.timeToReady).prefix(limits.anyImage)))
    }
  }

  func timeServed(by deploy: DeployRecord, of app: App) async throws -> Duration? { .seconds(100) }

  /// Tells contents apart by their length and first letter.
  func fingerprint(_ environment: ContainerEnvironment, of app: App) async throws -> EnvironmentRecord {
    if let error = state.withLock({ $0.environmentFailure }) { throw error }
    return EnvironmentRecord(
      fingerprints: environment.entries.mapValues { "\($0.count)\($0.dropFirst(6).first.map(String.init) ?? "")" })
  }

  func environment(of deployID: String) async throws -> EnvironmentRecord? {
    if let error = state.withLock({ $0.environmentFailure }) { throw error }
    return state.withLock { $0.environments[deployID] }
  }
}
