/// Takes something that is confined to a loop through a closure that other threads carry back to that loop.
///
/// `@unchecked Sendable`: other threads only pass it on; `value` is touched on the loop alone, by whoever made this.
struct Confined<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}
