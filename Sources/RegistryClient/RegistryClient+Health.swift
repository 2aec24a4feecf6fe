public import HTTPClient

/// How one registry is.
public struct RegistryReachability: Hashable, Sendable {
  public enum State: Hashable, Sendable {
    /// It answers, and takes our credentials where it was given some.
    case ok
    /// It answers, and does not take them.
    case refused(String)
    case unreachable(String)
  }

  public var registry: HTTPURL
  public var state: State
}

extension RegistryClient {
  /// Asks every registry whether it speaks with us (OCI distribution specification, "Determining Support"), all at once.
  /// - Parameter patience: for all.
  public func reachability(within patience: Duration) async -> [RegistryReachability] {
    let registries = configuration.map.registries
    return await withTaskGroup(of: (Int, RegistryReachability).self) { group in
      for (index, registry) in registries.enumerated() {
        group.addTask {
          (index, RegistryReachability(registry: registry, state: await self.state(of: registry, patience)))
        }
      }
      var found: [(Int, RegistryReachability)] = []
      for await one in group { found.append(one) }
      return found.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private func state(of registry: HTTPURL, _ patience: Duration) async -> RegistryReachability.State {
    var url = registry
    url.path = "/v2/"
    let now = time.elapsed()
    let exchange = RegistryExchange(registry: registry, scope: "", deadline: now + patience, now: now)
    switch await send(.get, url, exchange) {
    case .success(let response) where response.status == 200: return .ok
    case .success(let response): return .unreachable("it answers \(response.status)")
    case .failure(let failure):
      switch failure.kind {
      case .unknown: return .unreachable(failure.reason)
      // Without credentials a refusal here is what an open registry says too: single repositories may be public.
      case .unauthorized:
        return configuration.credentials[registry] == nil ? .ok : .refused(failure.reason)
      }
    }
  }
}
