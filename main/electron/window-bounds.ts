/** Sizes of docs/window: wide enough for list and conversation side by side. */
export const SMALLEST_WINDOW = { width: 480, height: 400 } as const
export const FIRST_WINDOW = { width: 1_180, height: 780 } as const

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface WindowState {
  /** Undefined: wherever the system puts a window. */
  readonly bounds: Rectangle | undefined
  readonly maximized: boolean
}

const isRectangle = (value: unknown): value is Rectangle =>
  typeof value === 'object' &&
  value !== null &&
  ['x', 'y', 'width', 'height'].every((key) => Number.isSafeInteger((value as Record<string, unknown>)[key]))

/** Reads what `serializeWindowState` wrote; anything else is the state of a first start. */
export const parseWindowState = (text: string): WindowState => {
  const first: WindowState = { bounds: undefined, maximized: false }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return first
  }
  if (typeof value !== 'object' || value === null || !('maximized' in value)) return first
  const bounds = 'bounds' in value && isRectangle(value.bounds) ? value.bounds : undefined
  return { bounds, maximized: value.maximized === true }
}

export const serializeWindowState = (state: WindowState): string => JSON.stringify(state)

/** The remembered bounds if enough of them lies on a screen that is there, never smaller than the smallest window. */
export const fittingBounds = (
  bounds: Rectangle | undefined,
  workAreas: readonly Rectangle[],
): Rectangle | undefined => {
  if (!bounds) return undefined
  const sized = {
    ...bounds,
    width: Math.max(bounds.width, SMALLEST_WINDOW.width),
    height: Math.max(bounds.height, SMALLEST_WINDOW.height),
  }
  const reachable = workAreas.some((area) => {
    const overlapX = Math.min(sized.x + sized.width, area.x + area.width) - Math.max(sized.x, area.x)
    // the top edge has to be reachable, for that is where a window is held
    return overlapX >= 100 && sized.y >= area.y && sized.y <= area.y + area.height - 50
  })
  return reachable ? sized : undefined
}
