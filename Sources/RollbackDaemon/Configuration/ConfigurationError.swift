/// A setting that cannot be used: which one, where it was set, and what is wrong with it.
package struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
