internal import LinuxIO
internal import Synchronization

/// The client's part on the loop: which transfers run on which transport.
///
/// `@unchecked Sendable`: every stored `var`, and everything it refers to, is read and written on `loop`'s thread only;
/// ``HTTPClient`` hops there, and each method asserts it. `streamBufferSize` is a constant.
final class HTTPClientCore: @unchecked Sendable {
  let streamBufferSize: Int

  private let loop: EventLoop
  private let lifetime: Int64
  private var configuration: HTTPClientConfiguration
  private var health = TransportHealth()
  /// Where new transfers go; made with the first.
  private var current: CurlMulti?
  /// Those that only end what they carry.
  private var draining: [CurlMulti] = []
  private var running: [ObjectIdentifier: Running] = [:]
  private var tickets: [ObjectIdentifier: ObjectIdentifier] = [:]
  private var counters = HTTPClientStatistics()
  private var isShutDown = false

  private struct Running {
    let transfer: CurlTransfer
    let transport: CurlMulti
    let ticket: Ticket
    let startedAt: ContinuousClock.Instant
  }

  init(loop: EventLoop, configuration: HTTPClientConfiguration) {
    self.loop = loop
    self.configuration = configuration
    streamBufferSize = configuration.streamBufferSize
    // Clients of many hosts that started together must not all reconnect together.
    lifetime = Int64.random(in: configuration.connectionLifetime)
  }

  var statistics: HTTPClientStatistics {
    loop.preconditionIsCurrent()
    var statistics = counters
    statistics.requestsInFlight = running.count
    statistics.transportsReplaced = health.replacements
    return statistics
  }

  func start(_ request: HTTPRequest, tls: TLSConfiguration?, ticket: Ticket, sink: any ResponseSink) {
    loop.preconditionIsCurrent()
    counters.requestsStarted += 1
    if isShutDown { return refuse(sink, .shutDown(sent: false)) }
    if ticket.isCancelled.load(ordering: .acquiring) { return refuse(sink, .cancelled(sent: false)) }
    if let tls { replaceTLS(tls) }
    do throws(HTTPClientError) {
      let loop = loop
      let transfer = try CurlTransfer(
        request, configuration: configuration, lifetime: lifetime, sink: sink, now: { loop.now })
      let transport = try transportForNewRequests()
      let id = ObjectIdentifier(transfer)
      running[id] = Running(transfer: transfer, transport: transport, ticket: ticket, startedAt: loop.now)
      tickets[ObjectIdentifier(ticket)] = id
      // The transfer may end within this call.
      if let failure = transport.add(transfer) { end(transfer, failure) }
    } catch {
      refuse(sink, error)
    }
  }

  func cancel(_ ticket: Ticket) {
    loop.preconditionIsCurrent()
    guard let id = tickets[ObjectIdentifier(ticket)], let entry = running[id] else { return }
    let error = HTTPClientError.cancelled(sent: entry.transfer.requestWasSent)
    entry.transport.remove(entry.transfer)
    end(entry.transfer, error)
  }

  private func replaceTLS(_ tls: TLSConfiguration) {
    guard tls != configuration.tls else { return }
    configuration.tls = tls
    // libcurl would go on using pooled connections that were made with the old one.
    retireCurrentTransport()
  }

  func shutDown() {
    loop.preconditionIsCurrent()
    guard !isShutDown else { return }
    isShutDown = true
    for entry in running.values {
      let error = HTTPClientError.shutDown(sent: entry.transfer.requestWasSent)
      entry.transport.remove(entry.transfer)
      end(entry.transfer, error)
    }
    current?.close()
    current = nil
    for transport in draining { transport.close() }
    draining = []
  }

  private func transportForNewRequests() throws(HTTPClientError) -> CurlMulti {
    if let current { return current }
    let transport = try CurlMulti(loop: loop, configuration: configuration) { [weak self] transfer, error in
      self?.end(transfer, error)
    }
    current = transport
    return transport
  }

  private func retireCurrentTransport() {
    guard let transport = current else { return }
    current = nil
    draining.append(transport)
    closeIfDrained(transport)
  }

  /// A transfer is over, and no longer in its multi handle.
  private func end(_ transfer: CurlTransfer, _ error: HTTPClientError?) {
    guard let entry = running.removeValue(forKey: ObjectIdentifier(transfer)) else { return }
    tickets[ObjectIdentifier(entry.ticket)] = nil
    counters.connectionsOpened += transfer.connectionsOpened
    counters.bodyBytesReceived += transfer.bodyBytesReceived
    count(error)
    let observation = TransportHealth.Observation(
      timedOut: error?.code == .timeout,
      wasConnected: transfer.requestWasSent,
      bytesReceived: transfer.bytesReceived,
      silence: max(transfer.lastByteAt, entry.startedAt).duration(to: loop.now),
      isCurrentTransport: entry.transport === current)
    if health.observe(observation) == .replaceTransport { retireCurrentTransport() }
    transfer.finish(error)
    closeIfDrained(entry.transport)
  }

  private func closeIfDrained(_ transport: CurlMulti) {
    guard transport !== current, transport.isIdle, let index = draining.firstIndex(where: { $0 === transport })
    else { return }
    draining.remove(at: index)
    // Not at once: this may be called from within the transport itself.
    loop.atEndOfTurn { transport.close() }
  }

  private func refuse(_ sink: any ResponseSink, _ error: HTTPClientError) {
    count(error)
    sink.finish(error)
  }

  private func count(_ error: HTTPClientError?) {
    guard let error else {
      counters.requestsCompleted += 1
      return
    }
    counters.requestsFailed += 1
    counters.failures[error.code, default: 0] += 1
  }
}
