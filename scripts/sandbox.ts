/**
 * Chromium's sandbox does not start as uid 0. Only the scripts that start the app from the source
 * tree ask here; a packaged app never runs without its sandbox.
 */
export const sandboxArguments = (say: (line: string) => void = console.log): readonly string[] => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return []
  say("running as uid 0: Chromium's own sandbox cannot start, so --no-sandbox is added")
  return ['--no-sandbox']
}
