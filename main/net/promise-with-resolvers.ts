/** libp2p 3 needs `Promise.withResolvers` (ES2024); Node before 22 does not have it. Imported before libp2p. */

interface Resolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T | PromiseLike<T>) => void
  readonly reject: (reason?: unknown) => void
}

if (!('withResolvers' in Promise)) {
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value: function withResolvers<T>(): Resolvers<T> {
      let resolvers: Omit<Resolvers<T>, 'promise'> | undefined
      const promise = new Promise<T>((resolve, reject) => {
        resolvers = { resolve, reject }
      })
      if (resolvers === undefined) throw new Error('the executor did not run')
      return { promise, ...resolvers }
    },
  })
}
