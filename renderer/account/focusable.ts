/** What a component hands out so that its owner can lead the person to it. */
export interface Focusable {
  focus(): void
}

/** Fields that know themselves whether they can be used. */
export interface Validated extends Focusable {
  /** False: a sentence now says why not, and the field it is about has the focus. */
  validate(): boolean
}
