import Locking
import RollbackMessages
import RolloutCore

@testable import RollbackService

/// A registry that says of each image what the test wants, and remembers what it was asked.
final class FakeRegistry: ImageRegistry {
  struct Question: Hashable, Sendable {
    var image: String
    var isForDeploying: Bool
  }

  private let answers: [String: ImageCheck]
  private let whileRunning: [String: ImageCheck]
  private let asked = Locked<[Question]>([])
  private let state: ComponentState

  /// - Parameters:
  ///   - answers: by reference as it is asked about; what is not there is unreachable.
  ///   - whileRunning: to those questions that are not asked before a deploy.
  init(_ answers: [String: ImageCheck], whileRunning: [String: ImageCheck] = [:], state: ComponentState = .ok) {
    self.answers = answers
    self.whileRunning = whileRunning
    self.state = state
  }

  var questions: [Question] { asked.withLock { $0 } }

  func check(_ image: ImageReference, isForDeploying: Bool) async -> ImageCheck {
    asked.withLock { $0.append(Question(image: image.description, isForDeploying: isForDeploying)) }
    let later = isForDeploying ? nil : whileRunning[image.description]
    return later ?? answers[image.description] ?? ImageCheck(.unreachable("registry: no answer within 3 s"))
  }

  func health() async -> RegistryHealth { RegistryHealth(state: state, message: "https://harbor.example") }
}
