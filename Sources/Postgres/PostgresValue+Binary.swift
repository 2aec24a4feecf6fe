extension [PostgresValue] {
  /// Lends the parameters as the arrays that libpq's sending functions take; libpq copies them before it returns.
  func withBinary<Result>(
    _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Result
  ) -> Result {
    guard !isEmpty else { return body(0, nil, nil, nil) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * 24)
    return withUnsafeTemporaryAllocation(of: Int32.self, capacity: count * 2) { numbers in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: count) { offsets in
        for (index, value) in enumerated() {
          let start = bytes.count
          let isPresent = value.encode(into: &bytes)
          offsets.initializeElement(at: index, to: isPresent ? start : -1)
          numbers.initializeElement(at: index, to: Int32(bytes.count - start))
          // Format 1 is binary.
          numbers.initializeElement(at: count + index, to: 1)
        }
        // So that an empty value has an address too: a null pointer is SQL's null.
        bytes.append(0)
        return bytes.withUnsafeBytes { buffer in
          withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
            for index in 0..<count {
              let start = buffer.baseAddress.flatMap { offsets[index] < 0 ? nil : $0 + offsets[index] }
              values.initializeElement(at: index, to: start?.assumingMemoryBound(to: CChar.self))
            }
            let lengths = UnsafePointer(numbers.baseAddress)
            return body(Int32(count), UnsafePointer(values.baseAddress), lengths, lengths.map { $0 + count })
          }
        }
      }
    }
  }
}
