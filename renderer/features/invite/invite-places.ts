/** Of `invite.step.places`: small numbers are words, as a person would write them. */
export type PlacesKey = 'none' | 'one' | 'two' | 'three' | 'many'

export function placesKey(relayCount: number): PlacesKey {
  return (['none', 'one', 'two', 'three'] as const)[relayCount] ?? 'many'
}
