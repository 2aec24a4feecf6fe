import Foundation
import KubernetesClient
import KubernetesObjects
import LinuxIO

/// An app to play with: a namespace and a Deployment of two replicas, removed afterwards.
struct DemoApp {
  let kubeconfig: String
  let namespace: String
  let image: String

  /// Creates it, calls `body`, and deletes it.
  func exist(_ body: () throws -> Void) async throws {
    let loop = try EventLoop.start(label: "demo")
    defer {
      loop.stop()
      loop.join()
    }
    let found = try KubeconfigLoader(environment: ProcessInfo.processInfo.environment).find(path: kubeconfig)
    let client = try KubernetesClient(access: found.access, loop: loop)
    let namespaces = ResourceKind(plural: "namespaces")
    do {
      try await client.create(
        #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"\#(namespace)"}}"#, as: namespaces, namespace: "")
      try await client.create(manifest, as: Deployment.resource, namespace: namespace)
      try body()
    } catch {
      await remove(client, namespaces)
      throw error
    }
    await remove(client, namespaces)
  }

  private func remove(_ client: KubernetesClient, _ namespaces: ResourceKind) async {
    do {
      try await client.delete(namespaces, name: namespace, namespace: "")
    } catch {
      FileHandle.standardError.write(Data("namespace \(namespace) is left behind: \(error)\n".utf8))
    }
    await client.shutDown()
  }

  private var manifest: String {
    """
    {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"hello","namespace":"\(namespace)"},
     "spec":{"replicas":2,"selector":{"matchLabels":{"app":"hello"}},
       "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},
       "template":{"metadata":{"labels":{"app":"hello"}},
         "spec":{"containers":[{"name":"hello","image":"\(image)",
           "readinessProbe":{"httpGet":{"path":"/healthz","port":8080},"periodSeconds":1}}]}}}}
    """
  }
}
