/** Hosts on this machine: Linux network namespaces, joined pair by pair with veth. Needs root, iproute2 and iptables. */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

const exec = promisify(execFile)
const ip = async (...args: readonly string[]): Promise<void> => {
  await exec('ip', args)
}

/** Why there can be no such hosts here, or null when there can. */
export async function noHostsBecause(): Promise<string | null> {
  if (process.platform !== 'linux') return 'network namespaces are a part of Linux'
  if (process.getuid?.() !== 0) return 'making network namespaces needs root'
  for (const [program, args, debianPackage] of [
    ['ip', ['-V'], 'iproute2'],
    ['iptables', ['-V'], 'iptables'],
  ] as const) {
    const there = await exec(program, [...args]).then(
      () => true,
      () => false,
    )
    if (!there) return `${program} is missing (Debian's package ${debianPackage})`
  }
  const probe = `parley-probe-${randomBytes(3).toString('hex')}`
  try {
    await ip('netns', 'add', probe)
    await exec('ip', ['netns', 'exec', probe, 'iptables', '-L', '-n'])
    return null
  } catch (error) {
    return `this kernel or container allows no network namespaces with iptables: ${error instanceof Error ? error.message.trim() : String(error)}`
  } finally {
    await ip('netns', 'del', probe).catch(() => undefined)
  }
}

export class NetworkHosts {
  readonly #tag = randomBytes(3).toString('hex')
  readonly #names = new Set<string>()
  #links = 0

  /** Stands before a command that is to run there. */
  prefix(host: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace(host)]
  }

  async add(host: string): Promise<void> {
    const name = this.#namespace(host)
    await ip('netns', 'add', name)
    this.#names.add(name)
    await ip('-n', name, 'link', 'set', 'lo', 'up')
    // A host passes nothing on, whatever this machine does: each pair has its own wire and no way round.
    await exec('ip', ['netns', 'exec', name, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=0'])
  }

  /** A wire between two hosts; `network` is the first three numbers of its addresses, `.1` for the one, `.2` for the other. */
  async join(one: string, other: string, network: string): Promise<void> {
    this.#links += 1
    // An interface's name has 15 characters at most.
    const ends = [`p${this.#tag}a${this.#links}`, `p${this.#tag}b${this.#links}`] as const
    await ip('link', 'add', ends[0], 'type', 'veth', 'peer', 'name', ends[1])
    for (const [host, end, address] of [
      [one, ends[0], `${network}.1/24`],
      [other, ends[1], `${network}.2/24`],
    ] as const) {
      const name = this.#namespace(host)
      await ip('link', 'set', end, 'netns', name)
      await ip('-n', name, 'addr', 'add', address, 'dev', end)
      await ip('-n', name, 'link', 'set', end, 'up')
    }
  }

  /** Packets of that network are swallowed in silence, both ways, as by a broken router: nobody is told. */
  cut(host: string, network: string): Promise<void> {
    return this.#rules(host, network, '-I')
  }

  heal(host: string, network: string): Promise<void> {
    return this.#rules(host, network, '-D')
  }

  async #rules(host: string, network: string, action: '-I' | '-D'): Promise<void> {
    for (const [chain, side] of [
      ['INPUT', '-s'],
      ['OUTPUT', '-d'],
    ] as const) {
      await exec('ip', [
        ...this.prefix(host).slice(1),
        'iptables',
        '-w',
        action,
        chain,
        side,
        `${network}.0/24`,
        '-j',
        'DROP',
      ])
    }
  }

  /** With a namespace go its ends of the wires, and with them the other ends. */
  async remove(): Promise<void> {
    for (const name of this.#names) await ip('netns', 'del', name)
    this.#names.clear()
  }

  #namespace(host: string): string {
    return `parley-${this.#tag}-${host}`
  }
}
