/// What a pod asks a node for, or what a node has.
struct ResourceRequests: Hashable, Sendable {
  /// Thousandths of a CPU.
  var cpu: Int64 = 0
  /// Thousandths of a byte, for that is how a quantity is counted.
  var memory: Int64 = 0

  var isEmpty: Bool { cpu == 0 && memory == 0 }

  init() {}

  /// Of a list of quantities by their resources' names.
  init(quantities: JSON) {
    cpu = Self.thousandths(quantities["cpu"])
    memory = Self.thousandths(quantities["memory"])
  }

  /// Of a pod: its containers and sidecars together, or its hungriest init container if that is more. A limit without
  /// a request is a request.
  init(of pod: JSON) {
    func requests(_ container: JSON) -> ResourceRequests {
      var quantities = container["resources"]["limits"]
      for (name, quantity) in container["resources"]["requests"].members { quantities[name] = quantity }
      return ResourceRequests(quantities: quantities)
    }
    let initial = pod["spec"]["initContainers"].elements
    for container in pod["spec"]["containers"].elements { add(requests(container)) }
    for container in initial where container["restartPolicy"].string == "Always" { add(requests(container)) }
    for container in initial where container["restartPolicy"].string != "Always" {
      let one = requests(container)
      cpu = max(cpu, one.cpu)
      memory = max(memory, one.memory)
    }
  }

  mutating func add(_ other: ResourceRequests) {
    cpu += other.cpu
    memory += other.memory
  }

  /// A quantity in thousandths: `500m`, `2`, `0.5`, `64Mi`, `1G`; 0 for what is none.
  static func thousandths(_ quantity: JSON) -> Int64 {
    if let whole = quantity.int { return Int64(whole) * 1000 }
    guard let text = quantity.string else { return 0 }
    let number = text.prefix { $0.isNumber || $0 == "." || $0 == "-" || $0 == "+" }
    let factors: [String: Double] = [
      "m": 1, "": 1000, "k": 1e6, "M": 1e9, "G": 1e12, "T": 1e15, "Ki": 1024e3, "Mi": 1_048_576e3,
      "Gi": 1_073_741_824e3, "Ti": 1_099_511_627_776e3,
    ]
    guard let value = Double(number), let factor = factors[String(text.dropFirst(number.count))] else { return 0 }
    return Int64((value * factor).rounded(.up))
  }
}
