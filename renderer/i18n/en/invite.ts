export const invite = {}
