internal import HTTPClient
internal import KubernetesClient
internal import KubernetesObjects
internal import RollbackMessages
internal import RollbackService
internal import RolloutCore

#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
#endif

/// The engine's view of Kubernetes: one client, and one list+watch for each kind and namespace, however many rollouts.
struct KubernetesCluster: Cluster {
  let client: KubernetesClient
  let observer: ClusterObserver

  func deployment(_ name: String, in namespace: String) async throws -> Deployment? {
    do throws(KubernetesError) {
      return try await client.get(Deployment.self, name: name, namespace: namespace).object
    } catch {
      if error.isNotFound { return nil }
      throw ServiceError(error, "deployment \(namespace)/\(name) could not be read")
    }
  }

  func isAutoscaled(_ name: String, in namespace: String) async throws -> Bool {
    do throws(KubernetesError) {
      return try await client.list(HorizontalPodAutoscaler.self, namespace: namespace, version: .any).items
        .contains { $0.scales(deployment: name) }
    } catch {
      // The API group is not served.
      if error.isNotFound { return false }
      throw ServiceError(error, "the autoscalers of namespace \(namespace) could not be listed")
    }
  }

  func patch(_ name: String, in namespace: String, with patch: ImagePatch) async throws -> PatchAnswer {
    #if ROLLBACKD_FAILPOINTS
      try await Failpoint.beforePatch.befall()
    #endif
    do throws(KubernetesError) {
      let answer = try await client.patch(
        Deployment.self, name: name, namespace: namespace, body: Array(patch.json.utf8))
      return .applied(answer.object, serverDate: answer.serverDate)
    } catch {
      guard let answer = PatchAnswer(error) else { throw CancellationError() }
      return answer
    }
  }

  func log(
    of pod: String, container: String, in namespace: String, previous: Bool, lines: Int
  ) async throws -> String? {
    do throws(KubernetesError) {
      let bytes = try await client.podLog(
        pod: pod, namespace: namespace, container: container, previous: previous, tailLines: lines,
        limitBytes: Self.logLimit)
      let text = String(decoding: bytes, as: UTF8.self)
      return bytes.count < Self.logLimit ? text : text + "\n(the log goes on: \(lines) lines are more than 256 KiB)\n"
    } catch {
      // There is no previous run, or no container yet.
      if error.isNotFound || error.code == .invalid { return nil }
      throw ServiceError(error, "the log of pod \(namespace)/\(pod) could not be read")
    }
  }

  /// The API server counts from the beginning of the lines that were asked for, and the end is what matters: so this
  /// is what we are willing to read, and the frame's bound is kept by who makes the frame.
  private static let logLimit = 256 << 10

  func version() async throws -> (server: String, version: String) {
    do throws(KubernetesError) {
      return (client.access.server.description, try await client.version().gitVersion)
    } catch {
      throw ServiceError(error, "the API server's version could not be read")
    }
  }

  func follow(_ deployment: Deployment, into mailbox: OperationMailbox) async {
    let namespace = deployment.metadata.namespace
    let uid = deployment.metadata.uid
    let name = deployment.metadata.name
    let reach = JointReachability()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        let deployments = observer.subscribe(to: Deployment.self, in: namespace, where: .named(name))
        await reach.relay(deployments, of: .deployments, into: mailbox) {
          .deployment($0)
        } deleted: {
          .deploymentDeleted(uid: $0.metadata.uid)
        }
      }
      group.addTask {
        let sets = observer.subscribe(to: ReplicaSet.self, in: namespace, where: .owned(by: uid))
        await reach.relay(sets, of: .replicaSets, into: mailbox) {
          .replicaSet($0)
        } deleted: {
          .replicaSetDeleted(uid: $0.metadata.uid)
        }
      }
      group.addTask {
        let pods = observer.subscribe(to: Pod.self, in: namespace, where: .selected(by: deployment.spec.selector))
        await reach.relay(pods, of: .pods, into: mailbox) {
          .pod($0)
        } deleted: {
          .podDeleted(uid: $0.metadata.uid)
        }
      }
      group.addTask {
        // ReplicaSets and pods of a Deployment are named after it.
        let events = observer.subscribe(
          to: Event.self, in: namespace,
          where: .matching { $0.involvedObject.name == name || $0.involvedObject.name.hasPrefix(name + "-") })
        await reach.relay(events, of: .events, into: mailbox) {
          .event($0)
        } deleted: { _ in
          nil
        }
      }
    }
  }
}

extension PatchAnswer {
  /// What it means for a patch that it failed so; nil when it was given up.
  init?(_ error: KubernetesError) {
    switch error.code {
    case .conflict, .alreadyExists, .fieldManagerConflict: self = .conflict(error.message)
    case .notFound: self = .notFound
    // Another uid than the object's is 422 with this cause: the object was deleted and made anew since it was read.
    case .invalid where error.causes.contains(where: { $0.field == "metadata.uid" }): self = .conflict(error.message)
    case .invalid, .forbidden: self = .refused(error.message)
    // Nothing was sent, or it was turned away at the door: the next token or certificate may be good.
    case .credentials, .unauthorized: self = .unsent(error.description)
    case .cancelled: return nil
    // A server that throttles has done nothing, but libcurl may have sent a copy before, on a connection that died.
    case .throttled, .unreachable, .tls, .serverTimeout, .gone, .refused, .malformedAnswer:
      self = .unknown(error.description, retryAfter: error.retryAfter)
    }
  }
}

extension ServiceError {
  /// - Parameter what: what could not be done, as a clause.
  init(_ error: KubernetesError, _ what: String) {
    switch error.code {
    case .forbidden, .unauthorized, .credentials:
      self.init(
        .unavailable,
        "\(what): the API server refuses our credentials (\(error.message)); check rollbackd's kubeconfig and RBAC",
        cause: error)
    default:
      self.init(
        .unavailable, "\(what): \(error.message); try again, with the same request id", retryAfter: error.retryAfter,
        cause: error)
    }
  }
}
