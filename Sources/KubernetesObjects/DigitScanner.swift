/// Reads fixed-width decimal numbers and single characters off the front of a text.
struct DigitScanner {
  private var rest: Substring.UTF8View

  init(_ text: String.UTF8View) { rest = text[...] }

  var isAtEnd: Bool { rest.isEmpty }

  /// Takes `character` if it comes next.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let next = rest.first, UInt32(next) == character.value else { return false }
    rest.removeFirst()
    return true
  }

  /// Takes exactly `digits` decimal digits.
  mutating func number(digits: Int) -> Int? {
    var number = 0
    for _ in 0..<digits {
      guard let digit = nextDigit() else { return nil }
      number = number * 10 + digit
    }
    return number
  }

  /// Takes all digits that come next (at least one) as a decimal fraction, in units of ten to the minus `digits`.
  mutating func fraction(digits: Int) -> Int? {
    var number = 0
    var count = 0
    while let digit = nextDigit() {
      if count < digits { number = number * 10 + digit }
      count += 1
    }
    guard count > 0 else { return nil }
    while count < digits {
      number *= 10
      count += 1
    }
    return number
  }

  private mutating func nextDigit() -> Int? {
    guard let next = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) else { return nil }
    rest.removeFirst()
    return Int(next - UInt8(ascii: "0"))
  }
}
