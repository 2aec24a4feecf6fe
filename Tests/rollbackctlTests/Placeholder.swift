@testable import rollbackctl
