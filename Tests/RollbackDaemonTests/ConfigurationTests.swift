import ConnectionPool
import Postgres
import Testing

@testable import RollbackDaemon

@Suite struct SettingValuesTests {
  @Test func `the command line wins over credentials, these over the environment, that over the default`() throws {
    let environment = ["ROLLBACKD_SOAK": "3s", "ROLLBACKD_HOST_NAME": "from-environment"]
    let credentials = ["host-name": "from-credential", "soak": "4s"]
    let values = try SettingValues(arguments: ["--soak", "5s"], environment: environment, credentials: credentials)
    #expect(values.text(.soak) == "5s")
    #expect(values.text(.hostName) == "from-credential")
    #expect(values.text(.leaseDuration) == "15s")
    #expect(try SettingValues(arguments: [], environment: environment).text(.soak) == "3s")
  }

  @Test(arguments: [
    (["--nonsense", "1"], "unknown option --nonsense"), (["--soak"], "--soak needs a value"),
    (["stray"], "unexpected argument \"stray\""),
  ])
  func `a command line that makes no sense is refused by name`(arguments: [String], sentence: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try SettingValues(arguments: arguments, environment: [:])
    }
    #expect(error?.description.contains(sentence) == true)
  }

  @Test(arguments: [
    ("500ms", Duration.milliseconds(500)), ("15s", .seconds(15)), ("10m", .seconds(600)), ("2h", .seconds(7200)),
    ("0s", .zero),
  ])
  func `times have units`(text: String, expected: Duration) throws {
    let values = try SettingValues(arguments: ["--soak=\(text)"], environment: [:])
    #expect(try values.duration(.soak) == expected)
  }

  @Test(arguments: ["", "5", "s", "-1s", "1.5s", "5 s", "99999999999999999999s", "9999999h"])
  func `what is no time is refused`(text: String) throws {
    let values = try SettingValues(arguments: ["--soak", text], environment: [:])
    #expect(throws: ConfigurationError.self) { try values.duration(.soak) }
  }
}

@Suite struct DaemonConfigurationTests {
  private func problem(_ arguments: [String], environment: [String: String] = [:]) -> String? {
    do {
      _ = try DaemonConfiguration(SettingValues(arguments: arguments, environment: environment))
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func `the defaults are valid`() throws {
    #expect(problem([]) == nil)
  }

  @Test(arguments: [
    ("--socket-mode", "rw"), ("--socket-group", "no-such-group-here"), ("--database-connections", "8-1"),
    ("--database-connections", "1-3"), ("--lease-duration", "1s"), ("--admin-users", "no-such-user-here"),
    ("--operator-groups", "no-such-group-here"), ("--actor-map", "root"), ("--log-level", "loud"),
    ("--log-format", "xml"), ("--max-connections", "0"), ("--socket", ""), ("--registry-map", "harbor"),
    ("--registry-map", "harbor/=harbor.example"), ("--registry-auth", "/no/such/file"),
    ("--registry-auth", "/dev/null"), ("--registry-ca", "/no/such/file"), ("--registry-ca", "/dev/null"),
    ("--registry-timeout", "0s"), ("--registry-timeout", "2m"),
  ])
  func `a wrong value stops the start with a sentence naming the option`(option: String, value: String) {
    let sentence = problem([option, value])
    #expect(sentence?.hasPrefix("\(option): \"\(value)\"") == true, "\(sentence ?? "accepted")")
  }

  @Test func `a frozen daemon keeps no lock as long as its lease, and PostgreSQL's return is noticed soon`() throws {
    let values = try SettingValues(arguments: ["--lease-duration", "9s"], environment: [:])
    let client = try DaemonConfiguration(values).postgres
    #expect(client.idleInTransactionTimeout == .seconds(3))
    #expect(client.pool.maximumBackoff == .milliseconds(1500))
    #expect(client.pool.problem == nil)
  }

  @Test func `leases and notifications have connections that calls cannot take`() throws {
    let values = try SettingValues(arguments: ["--database-connections", "0-4"], environment: [:])
    let configuration = try DaemonConfiguration(values)
    #expect(configuration.postgres.pool.maximumConnections == 4)
    #expect(configuration.reservedPostgres.pool.maximumConnections == 4)
    #expect(configuration.reservedPostgres.pool.minimumConnections == 0)
    #expect(configuration.reservedPostgres.pool.problem == nil)
  }

  @Test(arguments: [
    "host=db password=s3cret", "password = 's3cret' host=db", "host=db sslpassword=s3cret",
    #"user=it's options='-c x=1' password=s3cret"#, "postgresql://u:s3cret@db/paas", "postgres://u:s3c/ret@db",
    "postgresql://db/paas?sslmode=require&password=s3cret", "postgresql://db/paas?passw%6Frd=s3cret",
  ])
  func `a password is not taken from the command line, and not shown`(url: String) {
    let sentence = problem(["--database-url", url])
    #expect(sentence?.hasPrefix("--database-url: the command line is no place for a secret; name a file") == true)
    #expect(sentence?.contains("s3c") == false)
    #expect(problem([], environment: ["ROLLBACKD_DATABASE_URL": url]) == nil)
  }

  @Test(arguments: [
    "", "host=/run/postgresql dbname=paas", "host=db passfile=/etc/pgpass user=password", "postgresql://u@db:5432/paas",
    "postgresql://[::1]:5432/paas?application_name=password", "dbname='a password=x'", "host=db password=",
    "postgresql://u:@db/paas", "service=paas",
  ])
  func `a connection string without a password is taken`(url: String) {
    #expect(problem(["--database-url", url]) == nil)
  }

  @Test func `a wrong value of the environment is named by its variable`() {
    #expect(problem([], environment: ["ROLLBACKD_LOG_LEVEL": "loud"])?.hasPrefix("ROLLBACKD_LOG_LEVEL: ") == true)
  }

  @Test func `the help has every option with its variable`() {
    let help = HelpText.render()
    for setting in Setting.all {
      #expect(help.contains("--\(setting.name) \(setting.placeholder)  (\(setting.environmentName))"))
    }
    #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
  }
}

@Suite struct InvocationTests {
  @Test(arguments: [
    ([], Invocation.serve(arguments: [])), (["serve", "--soak", "1s"], .serve(arguments: ["--soak", "1s"])),
    (["--soak", "1s"], .serve(arguments: ["--soak", "1s"])), (["migrate"], .migrate(arguments: [])),
    (["migrate", "--help"], .help), (["--version"], .version),
  ])
  func `what it was asked to do`(arguments: [String], expected: Invocation) throws {
    #expect(try Invocation(arguments: arguments) == expected)
  }

  @Test func `an unknown verb is refused`() {
    #expect(throws: ConfigurationError.self) { try Invocation(arguments: ["destroy"]) }
  }
}

@Suite struct EnvironmentFileTests {
  @Test func `names, comments and quotes`() throws {
    let text = """
      # a comment
      ; another
      A=1
        B="two words"

      C='x=y'
      D=
      """
    let pairs = try EnvironmentFile.parse(text, path: "f")
    #expect(pairs.map(\.name) == ["A", "B", "C", "D"])
    #expect(pairs.map(\.value) == ["1", "two words", "x=y", ""])
  }

  @Test(arguments: ["no equals", "1A=x", "A-B=x", "=x"])
  func `a line that is none is named`(line: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try EnvironmentFile.parse("OK=1\n\(line)\n", path: "/etc/rollbackd/rollbackd.env")
    }
    #expect(error?.description.hasPrefix("/etc/rollbackd/rollbackd.env, line 2:") == true)
  }
}
