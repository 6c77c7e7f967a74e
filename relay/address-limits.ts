/** How many connections one address may hold at a time. */

/** `/ip4/1.2.3.4/tcp/5` and `/ip4/1.2.3.4/udp/6/quic-v1` are the same host. */
export function hostOf(address: string): string {
  const [, family = '', host = ''] = address.split('/')
  return `${family} ${host}`
}

export class AddressLimits {
  readonly #maxPerHost: number
  readonly #open = new Map<string, number>()

  constructor(maxPerHost: number) {
    this.#maxPerHost = maxPerHost
  }

  isFull(address: string): boolean {
    return (this.#open.get(hostOf(address)) ?? 0) >= this.#maxPerHost
  }

  opened(address: string): void {
    const host = hostOf(address)
    this.#open.set(host, (this.#open.get(host) ?? 0) + 1)
  }

  closed(address: string): void {
    const host = hostOf(address)
    const left = (this.#open.get(host) ?? 0) - 1
    if (left > 0) this.#open.set(host, left)
    else this.#open.delete(host)
  }
}
