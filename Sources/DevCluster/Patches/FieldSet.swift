/// The fields of an object that one manager owns, as `managedFields` writes them.
struct FieldSet: Sendable, Equatable {
}
