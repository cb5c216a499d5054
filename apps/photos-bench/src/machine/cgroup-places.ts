import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/*
 * Where this process may look for a place for control groups of its own, in either version of Linux's cgroups:
 * https://docs.kernel.org/admin-guide/cgroup-v2.html and https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html
 */

/** The versions differ in how a quota is written, and in who may have children. */
export type CgroupVersion = 1 | 2

export interface CgroupPlace {
  readonly version: CgroupVersion
  /** An existing group, as a directory, in which groups might be made. */
  readonly dir: string
}

/**
 * The groups in which a group with a CPU quota might be made, the likeliest first. In version 2 a group that holds processes
 * has no children with quotas, so what is above this process's own group comes into question too.
 * @param procDir `/proc/self`, or what a test puts in its place
 */
export function cgroupPlaces(procDir = '/proc/self'): CgroupPlace[] {
  const mounts = mountsIn(readIfThere(join(procDir, 'mountinfo')))
  const memberships = readIfThere(join(procDir, 'cgroup')).split('\n').map(membershipOf)
  return mounts.flatMap(({ version, root, dir }): CgroupPlace[] => {
    const own = memberships.find((membership) => membership?.version === version)
    if (own === undefined) return []
    const below = pathBelow(root, own.path)
    const dirs = version === 1 ? [join(dir, below)] : [...ancestors(below).map((path) => join(dir, path))]
    return dirs.map((path) => ({ version, dir: path }))
  })
}

interface Mount {
  readonly version: CgroupVersion
  /** The group of the hierarchy that is mounted. */
  readonly root: string
  /** Where it is mounted. */
  readonly dir: string
}

/** Of https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html: version 2, and version 1 with the CPU's controller. */
function mountsIn(mountinfo: string): Mount[] {
  const mounts = mountinfo.split('\n').flatMap((line): Mount[] => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root = '', dir = ''] = before.split(' ').map(withoutEscapes)
    const [type, , options = ''] = after.split(' ')
    if (type === 'cgroup2') return [{ version: 2, root, dir }]
    return type === 'cgroup' && options.split(',').includes('cpu') ? [{ version: 1, root, dir }] : []
  })
  return mounts.sort((one, other) => other.version - one.version)
}

/** The kernel writes a space or the like as three octal digits. */
const withoutEscapes = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

/** A line `number:controllers:path` of https://man7.org/linux/man-pages/man7/cgroups.7.html. */
function membershipOf(line: string): { readonly version: CgroupVersion; readonly path: string } | undefined {
  const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
  if (controllers === undefined || path === undefined) return undefined
  if (controllers === '') return { version: 2, path }
  return controllers.split(',').includes('cpu') ? { version: 1, path } : undefined
}

/** A container sees its own group mounted, while its path may count from the host's. */
const pathBelow = (root: string, path: string): string =>
  path === root || path.startsWith(root === '/' ? '/' : `${root}/`) ? path.slice(root.length) : path

/** `a/b`, `a` and the empty path. */
function ancestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  return Array.from({ length: parts.length + 1 }, (_, up) => parts.slice(0, parts.length - up).join('/'))
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
