export interface MailSlot<T> {
  put(value: T): void
  /** Returns what ends the listening. */
  listen(listener: (value: T) => void): () => void
}

/** Passes values to one listener; the last that came while there was none waits for it. */
export const createMailSlot = <T>(): MailSlot<T> => {
  let current: ((value: T) => void) | undefined
  let waiting: { readonly value: T } | undefined
  return {
    put: (value) => {
      if (current) current(value)
      else waiting = { value }
    },
    listen: (listener) => {
      current = listener
      const earlier = waiting
      waiting = undefined
      if (earlier) listener(earlier.value)
      return () => {
        if (current === listener) current = undefined
      }
    },
  }
}
