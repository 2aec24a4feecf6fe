/// What `rollbackd --help` prints, made from the table of settings.
package enum HelpText {
  package static func render() -> String {
    var text = """
      Usage: rollbackd [serve] [OPTION...]
             rollbackd migrate [--database-url CONNINFO]
             rollbackd --version | --help

      serve    Listen on the socket and do what it is asked (the default).
      migrate  Create or upgrade the schema in the database, then end.

      Each option may also be set in the environment, or in the file that
      ROLLBACKD_ENVIRONMENT_FILE names (default /etc/rollbackd/rollbackd.env); the command
      line wins, then systemd credentials of the option's name, then the environment.

      """
    for setting in Setting.all {
      text += "\n  --\(setting.name) \(setting.placeholder)  (\(setting.environmentName))\n"
      text += "      \(setting.help)"
      if !setting.defaultValue.isEmpty { text += " Default: \(setting.defaultValue)." }
      text += "\n"
    }
    return text
  }
}
