/**
 * Small machines on which the plan is priced.
 *
 * Prices: AWS on-demand, Linux, us-east-1, as of the middle of 2025 (https://aws.amazon.com/ec2/pricing/on-demand/,
 * https://aws.amazon.com/ebs/pricing/); change them here. CPU and network are what a machine gives all the time, not in a burst: a
 * t-type earns a share of its vCPUs (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html),
 * and the network has a baseline (https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-network-bandwidth.html).
 */
export interface Instance {
  readonly name: string
  readonly dollarsPerHour: number
  /** Cores for as long as it runs. */
  readonly sustainedCores: number
  readonly memoryBytes: number
  readonly networkBitsPerSecond: number
}

const GIB = 2 ** 30

export const PRICES_AS_OF = '2025-06'

export const INSTANCES: readonly Instance[] = [
  {
    name: 't4g.micro',
    dollarsPerHour: 0.0084,
    sustainedCores: 0.2,
    memoryBytes: GIB,
    networkBitsPerSecond: 0.064e9,
  },
  {
    name: 't3.micro',
    dollarsPerHour: 0.0104,
    sustainedCores: 0.2,
    memoryBytes: GIB,
    networkBitsPerSecond: 0.064e9,
  },
  {
    name: 't4g.small',
    dollarsPerHour: 0.0168,
    sustainedCores: 0.4,
    memoryBytes: 2 * GIB,
    networkBitsPerSecond: 0.128e9,
  },
  {
    name: 'c7g.medium',
    dollarsPerHour: 0.0363,
    sustainedCores: 1,
    memoryBytes: 2 * GIB,
    networkBitsPerSecond: 0.52e9,
  },
  {
    name: 'c7g.large',
    dollarsPerHour: 0.0725,
    sustainedCores: 2,
    memoryBytes: 4 * GIB,
    networkBitsPerSecond: 0.937e9,
  },
  {
    name: 'r7g.large',
    dollarsPerHour: 0.1071,
    sustainedCores: 2,
    memoryBytes: 16 * GIB,
    networkBitsPerSecond: 0.937e9,
  },
]

/** A gp3 volume. */
export const DISK_DOLLARS_PER_BYTE_MONTH = 0.08 / 1e9
export const HOURS_PER_MONTH = 730
/** To the internet, at the largest volumes' price; what leaves through a content delivery network costs less. */
export const TRAFFIC_DOLLARS_PER_BYTE = 0.05 / 1e9

/** What some part needs, its machines together. */
export interface Need {
  readonly cores: number
  readonly memoryBytes: number
  readonly networkBitsPerSecond: number
  /** Never fewer machines than this, as one of them may fail. */
  readonly atLeast: number
  /** Never more machines than this, as it cannot be divided further. */
  readonly atMost?: number | undefined
  /** What each machine must have at the least, in bytes of memory. */
  readonly bytesOfEach?: number | undefined
}

export interface Fleet {
  readonly instance: Instance
  readonly machines: number
  readonly dollarsPerMonth: number
  /** What there had to be so many for. */
  readonly boundBy: 'CPU' | 'memory' | 'network' | 'least number'
}

/** Some memory is the system's. */
const USABLE_MEMORY = 0.75

/** The cheapest machines of one type that give what is needed; undefined where none does. */
export function cheapestFleet(need: Need, instances: readonly Instance[] = INSTANCES): Fleet | undefined {
  return instances
    .filter(({ memoryBytes }) => memoryBytes * USABLE_MEMORY >= (need.bytesOfEach ?? 0))
    .map((instance) => fleetOf(instance, need))
    .filter(({ machines }) => machines <= (need.atMost ?? machines))
    .sort((a, b) => a.dollarsPerMonth - b.dollarsPerMonth)[0]
}

/** The same fleet so many times. */
export const times = (fleet: Fleet, count: number): Fleet => ({
  ...fleet,
  machines: fleet.machines * count,
  dollarsPerMonth: fleet.dollarsPerMonth * count,
})

function fleetOf(instance: Instance, need: Need): Fleet {
  const bounds = [
    ['least number', need.atLeast],
    ['CPU', need.cores / instance.sustainedCores],
    ['memory', need.memoryBytes / (instance.memoryBytes * USABLE_MEMORY)],
    ['network', need.networkBitsPerSecond / instance.networkBitsPerSecond],
  ] as const
  const machines = Math.ceil(Math.max(...bounds.map(([, count]) => count)))
  const [boundBy] = bounds.find(([, count]) => Math.ceil(count) === machines) ?? bounds[0]
  return {
    instance,
    machines,
    boundBy,
    dollarsPerMonth: machines * instance.dollarsPerHour * HOURS_PER_MONTH,
  }
}
