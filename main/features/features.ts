/** The features of this version, in the order in which they start. */

import type { Feature, FeatureParts } from './feature.ts'
import { filesFeature } from './files/files.ts'
import { textFeature } from './text/text.ts'

export const FEATURES: readonly ((parts: FeatureParts) => Feature)[] = [textFeature, filesFeature]
