/// The fields of the kinds that the development cluster serves.
///
/// One type a line: its name, then its fields with their types. `s` string, `i` int32, `l` int64, `b` boolean,
/// `q` quantity, `n` integer or string, `t` time, `ms` map of strings, `o` anything; a name is another type; `[x]` is
/// a list that is replaced as a whole, `[x key]` a list of objects merged by that field (more fields after `+` are
/// part of an element's identity under server-side apply), `[x set]` a set; `!` marks an object that one writer owns
/// as a whole under server-side apply; `^` one of which a strategic merge patch retains only the keys that it names.
enum SchemaText {
  static let types = """
    TypeMeta apiVersion s, kind s
    ObjectMeta name s, generateName s, namespace s, selfLink s, uid s, resourceVersion s, generation l, \
    creationTimestamp t, deletionTimestamp t, deletionGracePeriodSeconds l, labels ms, annotations ms, \
    ownerReferences [OwnerReference uid], finalizers [s set], managedFields [o]
    OwnerReference apiVersion s, kind s, name s, uid s, controller b, blockOwnerDeletion b
    LabelSelector matchLabels ms, matchExpressions [LabelSelectorRequirement]
    LabelSelectorRequirement key s, operator s, values [s]
    Condition type s, status s, observedGeneration l, lastProbeTime t, lastUpdateTime t, lastTransitionTime t, \
    reason s, message s
    Deployment metadata ObjectMeta, spec DeploymentSpec, status DeploymentStatus
    DeploymentSpec replicas i, selector LabelSelector!, template PodTemplateSpec, strategy DeploymentStrategy^, \
    minReadySeconds i, revisionHistoryLimit i, paused b, progressDeadlineSeconds i
    DeploymentStrategy type s, rollingUpdate RollingUpdateDeployment
    RollingUpdateDeployment maxUnavailable n, maxSurge n
    DeploymentStatus observedGeneration l, replicas i, updatedReplicas i, readyReplicas i, availableReplicas i, \
    unavailableReplicas i, terminatingReplicas i, conditions [Condition type], collisionCount i
    ReplicaSet metadata ObjectMeta, spec ReplicaSetSpec, status ReplicaSetStatus
    ReplicaSetSpec replicas i, minReadySeconds i, selector LabelSelector!, template PodTemplateSpec
    ReplicaSetStatus replicas i, fullyLabeledReplicas i, readyReplicas i, availableReplicas i, \
    terminatingReplicas i, observedGeneration l, conditions [Condition type]
    PodTemplateSpec metadata ObjectMeta, spec PodSpec
    Pod metadata ObjectMeta, spec PodSpec, status PodStatus
    PodSpec volumes [Volume name], initContainers [Container name], containers [Container name], \
    ephemeralContainers [Container name], restartPolicy s, terminationGracePeriodSeconds l, \
    activeDeadlineSeconds l, dnsPolicy s, nodeSelector ms, serviceAccountName s, serviceAccount s, \
    automountServiceAccountToken b, nodeName s, hostNetwork b, hostPID b, hostIPC b, shareProcessNamespace b, \
    securityContext o, imagePullSecrets [LocalObjectReference name], hostname s, subdomain s, affinity o, \
    schedulerName s, tolerations [Toleration], hostAliases [HostAlias ip], priorityClassName s, priority i, \
    dnsConfig o, readinessGates [o], runtimeClassName s, enableServiceLinks b, preemptionPolicy s, overhead o, \
    topologySpreadConstraints [o], setHostnameAsFQDN b, os o, hostUsers b, schedulingGates [o], \
    resourceClaims [o], resources o, hostnameOverride s
    LocalObjectReference name s
    HostAlias ip s, hostnames [s]
    Toleration key s, operator s, value s, effect s, tolerationSeconds l
    Volume name s, hostPath o, emptyDir o, gcePersistentDisk o, awsElasticBlockStore o, gitRepo o, secret o, nfs o, \
    iscsi o, glusterfs o, persistentVolumeClaim o, rbd o, flexVolume o, cinder o, cephfs o, flocker o, \
    downwardAPI o, fc o, azureFile o, configMap o, vsphereVolume o, quobyte o, azureDisk o, photonPersistentDisk o, \
    projected o, portworxVolume o, scaleIO o, storageos o, csi o, ephemeral o, image o
    Container name s, image s, command [s], args [s], workingDir s, ports [ContainerPort containerPort+protocol], \
    envFrom [EnvFromSource], env [EnvVar name], resources ResourceRequirements, resizePolicy [o], restartPolicy s, \
    restartPolicyRules [o], volumeMounts [VolumeMount mountPath], volumeDevices [VolumeDevice devicePath], \
    livenessProbe Probe, readinessProbe Probe, startupProbe Probe, lifecycle o, terminationMessagePath s, \
    terminationMessagePolicy s, imagePullPolicy s, securityContext o, stdin b, stdinOnce b, tty b, \
    targetContainerName s
    ContainerPort name s, hostPort i, containerPort i, protocol s, hostIP s
    EnvFromSource prefix s, configMapRef o, secretRef o
    EnvVar name s, value s, valueFrom o
    ResourceRequirements limits o, requests o, claims [o]
    VolumeMount name s, readOnly b, recursiveReadOnly s, mountPath s, subPath s, mountPropagation s, subPathExpr s
    VolumeDevice name s, devicePath s
    Probe exec o, httpGet HTTPGetAction, tcpSocket o, grpc o, initialDelaySeconds i, timeoutSeconds i, \
    periodSeconds i, successThreshold i, failureThreshold i, terminationGracePeriodSeconds l
    HTTPGetAction path s, port n, host s, scheme s, httpHeaders [o]
    PodStatus observedGeneration l, phase s, conditions [Condition type], message s, reason s, nominatedNodeName s, \
    hostIP s, hostIPs [o], podIP s, podIPs [o], startTime t, initContainerStatuses [o], containerStatuses [o], \
    qosClass s, ephemeralContainerStatuses [o], resize s, resourceClaimStatuses [o]
    Namespace metadata ObjectMeta, spec NamespaceSpec, status NamespaceStatus
    NamespaceSpec finalizers [s set]
    NamespaceStatus phase s, conditions [Condition type]
    Event metadata ObjectMeta, involvedObject o, reason s, message s, source o, firstTimestamp t, lastTimestamp t, \
    count i, type s, eventTime t, series o, action s, related o, reportingComponent s, reportingInstance s
    ResourceQuota metadata ObjectMeta, spec ResourceQuotaSpec, status ResourceQuotaStatus
    ResourceQuotaSpec hard o, scopes [s], scopeSelector o
    ResourceQuotaStatus hard o, used o
    Node metadata ObjectMeta, spec o, status o
    ConfigMap metadata ObjectMeta, data ms, binaryData ms, immutable b
    Secret metadata ObjectMeta, data ms, stringData ms, type s, immutable b
    ServiceAccount metadata ObjectMeta, secrets [o name], imagePullSecrets [LocalObjectReference], \
    automountServiceAccountToken b
    Service metadata ObjectMeta, spec o, status o
    HorizontalPodAutoscaler metadata ObjectMeta, spec o, status o
    Scale metadata ObjectMeta, spec ScaleSpec, status ScaleStatus
    ScaleSpec replicas i
    ScaleStatus replicas i, selector s
    """
}
