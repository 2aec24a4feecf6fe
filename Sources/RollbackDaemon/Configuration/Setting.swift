/// One thing that can be set, on the command line (`--name`) or in the environment (`ROLLBACKD_NAME`).
///
/// The one table of them all is ``all``: parsing, `rollbackd --help` and the README follow it.
package struct Setting: Sendable, Hashable {
  /// As on the command line, without the dashes.
  package let name: String
  /// What stands for the value in the help.
  package let placeholder: String
  /// Shown as the default; the text that is parsed when nobody sets it.
  package let defaultValue: String
  package let help: String

  /// `ROLLBACKD_DATABASE_URL` for `database-url`.
  package var environmentName: String {
    "ROLLBACKD_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
  }

  package static let socket = Setting(
    name: "socket", placeholder: "PATH", defaultValue: "/run/rollbackd/rollbackd.sock",
    help: "Socket to listen on, unless systemd passes one in.")
  package static let socketMode = Setting(
    name: "socket-mode", placeholder: "OCTAL", defaultValue: "0660", help: "Permissions of the socket we make.")
  package static let socketGroup = Setting(
    name: "socket-group", placeholder: "GROUP", defaultValue: "",
    help: "Group of the socket we make; empty: our own.")
  package static let databaseURL = Setting(
    name: "database-url", placeholder: "CONNINFO", defaultValue: "",
    help: "libpq connection string or URL; with a password not on the command line; empty: PGHOST and the like decide.")
  package static let databaseConnections = Setting(
    name: "database-connections", placeholder: "MIN-MAX", defaultValue: "1-8",
    help: "Connections to keep, and the most to open for calls (4 at least); 4 more are for leases and notifications.")
  package static let databaseAcquireTimeout = Setting(
    name: "database-acquire-timeout", placeholder: "TIME", defaultValue: "2s",
    help: "How long a call waits for a connection before it answers unavailable.")
  package static let kubeconfig = Setting(
    name: "kubeconfig", placeholder: "FILE", defaultValue: "",
    help: "Kubeconfig; empty: KUBECONFIG, ~/.kube/config, then the pod's own service account.")
  package static let kubeContext = Setting(
    name: "kube-context", placeholder: "NAME", defaultValue: "", help: "Context; empty: the current one.")
  package static let registryMap = Setting(
    name: "registry-map", placeholder: "PREFIX=URL,...", defaultValue: "",
    help: "Registries of image references, such as harbor/=https://harbor.example; empty: no registry is asked.")
  package static let registryAuth = Setting(
    name: "registry-auth", placeholder: "FILE", defaultValue: "",
    help: "Credentials for the registries, in the form of Docker's config.json; a systemd credential is its contents.")
  package static let registryCA = Setting(
    name: "registry-ca", placeholder: "FILE", defaultValue: "",
    help: "PEM file of the authorities that vouch for the registries, instead of the machine's.")
  package static let registryTimeout = Setting(
    name: "registry-timeout", placeholder: "TIME", defaultValue: "3s",
    help: "How long a rollback or deploy waits for the registry before it goes on without it, with a warning.")
  package static let hostName = Setting(
    name: "host-name", placeholder: "NAME", defaultValue: "",
    help: "Our name in leases and audit rows; empty: the machine's.")
  package static let leaseDuration = Setting(
    name: "lease-duration", placeholder: "TIME", defaultValue: "15s",
    help: "How long a silent daemon keeps an operation before another may take it over.")
  package static let rolloutTimeout = Setting(
    name: "rollout-timeout", placeholder: "TIME", defaultValue: "10m",
    help: "When a rollout ends as timed out, unless the call says otherwise.")
  package static let soak = Setting(
    name: "soak", placeholder: "TIME", defaultValue: "2s",
    help: "How long new pods must stay ready, unless the call says otherwise.")
  package static let pullPatience = Setting(
    name: "pull-patience", placeholder: "TIME", defaultValue: "30s",
    help: "How long a pull error must last before it fails a rollout, where the registry does not confirm it.")
  package static let startGrace = Setting(
    name: "start-grace", placeholder: "TIME", defaultValue: "10s",
    help: "How long the start waits for PostgreSQL before it goes on without it, degraded.")
  package static let drainTimeout = Setting(
    name: "drain-timeout", placeholder: "TIME", defaultValue: "20s",
    help: "How long SIGTERM lets running calls finish.")
  package static let adminUsers = Setting(
    name: "admin-users", placeholder: "USERS", defaultValue: "root",
    help: "Users, by name or number, who may also register apps and record migrations. Our own user always may.")
  package static let operatorGroups = Setting(
    name: "operator-groups", placeholder: "GROUPS", defaultValue: "rollbackd",
    help: "Groups whose members may read and roll back.")
  package static let trustedUsers = Setting(
    name: "trusted-users", placeholder: "USERS", defaultValue: "",
    help: "Users who may name the actor on whose behalf they call (the platform's gateway).")
  package static let actorMap = Setting(
    name: "actor-map", placeholder: "USER=ID,...", defaultValue: "",
    help: "The platform's subject of a local user, for the audit.")
  package static let maximumConnections = Setting(
    name: "max-connections", placeholder: "N", defaultValue: "1024",
    help: "Clients at once; one user has half of them.")
  package static let logLevel = Setting(
    name: "log-level", placeholder: "LEVEL", defaultValue: "info",
    help: "trace, debug, info, notice, warning, error or critical.")
  package static let logFormat = Setting(
    name: "log-format", placeholder: "FORMAT", defaultValue: "text", help: "text (key=value) or json.")

  /// In the order in which the help shows them.
  package static let all: [Setting] = [
    socket, socketMode, socketGroup, databaseURL, databaseConnections, databaseAcquireTimeout, kubeconfig, kubeContext,
    registryMap, registryAuth, registryCA, registryTimeout, hostName, leaseDuration, rolloutTimeout, soak, pullPatience,
    startGrace, drainTimeout, adminUsers, operatorGroups, trustedUsers, actorMap, maximumConnections, logLevel,
    logFormat,
  ]
}
