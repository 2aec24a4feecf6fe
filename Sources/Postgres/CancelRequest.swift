internal import CLibpq

/// The means to ask a server to stop what one of its sessions does.
///
/// `@unchecked Sendable`: it is made on the loop and handed to one helper thread, which uses and frees it; libpq's
/// manual (section "Canceling Queries in Progress") allows PQcancel from any thread.
struct CancelRequest: @unchecked Sendable {
  let pointer: OpaquePointer

  /// Blocks until the server has taken the request, then frees it. Whether the request hits is not known.
  func send() {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
      _ = PQcancel(pointer, message.baseAddress, Int32(message.count))
    }
    free()
  }

  func free() { PQfreeCancel(pointer) }
}
