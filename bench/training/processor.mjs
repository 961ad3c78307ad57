/** Milliseconds of the processor's time that some work took in this process: other programs do not count. */
export function processor(work) {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
