/// How long the simulated parts of the cluster take; all in the cluster's own time.
public struct ClusterTiming: Sendable {
  /// From a change to the deployment controller acting on it.
  public var deploymentController = Duration.milliseconds(5)
  /// From a change to the ReplicaSet controller acting on it.
  public var replicaSetController = Duration.milliseconds(9)
  /// From a pod's creation to its binding to a node.
  public var scheduler = Duration.milliseconds(4)
  /// From a pod's binding to the kubelet's first act.
  public var kubelet = Duration.milliseconds(8)
  /// Between the bindings of pods of one ReplicaSet that were made at once.
  public var schedulerPace = Duration.milliseconds(15)
  /// From a deletion to the garbage collector's act on dependents.
  public var garbageCollector = Duration.milliseconds(15)
  /// Between the garbage collector's acts on what one object owned.
  public var garbageCollectorPace = Duration.milliseconds(8)
  /// First pause of a controller after a failed attempt; doubles with each further one.
  public var retry = Duration.milliseconds(5)
  /// How long an image takes to pull, found or missing.
  public var imagePull = Duration.milliseconds(150)
  /// From the kubelet's first act on a pod to its readiness, where the pod's annotation `sim/ready-after-ms` does not
  /// say otherwise; never before its containers run.
  public var readyAfter = Duration.milliseconds(500)
  /// From a container's start to its exit for a crashing image.
  public var crashAfter = Duration.milliseconds(50)
  /// From a container's start to its exit for an image that is ready at first and then crashes.
  public var flapAfter = Duration.milliseconds(500)
  /// From a container's start to its end for an image whose liveness probe fails.
  public var livenessAfter = Duration.milliseconds(1500)
  /// Between two attempts to configure a container.
  public var configurationRetry = Duration.seconds(2)
  /// From an exit to the first restart, or to `CrashLoopBackOff`.
  public var restartDecision = Duration.milliseconds(210)
  /// The part of a real kubelet's back-off (10 s, 20 s, … 300 s) that is really waited.
  public var backOffScale = 0.2
  /// First pause between attempts to pull a missing image; doubles with each further one.
  public var imageBackOff = Duration.milliseconds(675)
  /// From a pod's deletion to its end, once the kubelet acts.
  public var termination = Duration.milliseconds(10)
  /// Between two reports of a failing readiness probe.
  public var probeReport = Duration.seconds(10)
  /// How long events are kept.
  public var eventLifetime = Duration.seconds(3600)
  /// Between two bookmarks of a watch.
  public var bookmark = Duration.seconds(60)

  public init() {}
}
