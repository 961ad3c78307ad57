// The loss, live.
import uPlot from 'uplot'

/** Part of the mean that each new loss replaces. */
const NEW = 0.2

export const lossChart = (parent: HTMLElement) => {
  let [steps, losses, means]: [number[], number[], number[]] = [[], [], []]
  let plot: uPlot | undefined
  let most = 1

  const color = (name: string) => getComputedStyle(parent).getPropertyValue(name).trim()
  const build = () => {
    plot?.destroy()
    const axis = {
      stroke: color('--soft'),
      font: '12px system-ui, sans-serif',
      grid: { stroke: color('--line'), width: 1 },
      ticks: { show: false },
    }
    plot = new uPlot(
      {
        width: parent.clientWidth,
        height: parent.clientHeight,
        legend: { show: false },
        cursor: { show: false },
        padding: [10, 16, 0, 0],
        scales: { x: { time: false, range: () => [1, most] }, y: { range: (_, __, high) => [0, Math.max(high, 0.1)] } },
        axes: [
          { ...axis, size: 26 },
          { ...axis, size: 40 },
        ],
        series: [
          {},
          { stroke: color('--faint'), width: 1, points: { show: false } },
          { stroke: color('--accent'), width: 2.5, points: { show: false } },
        ],
      },
      [steps, losses, means],
      parent,
    )
  }
  new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = parent
    if (width > 0 && height > 0) plot?.setSize({ width, height })
  }).observe(parent)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot && build())

  return {
    /** A new curve of so many steps. */
    begin: (count: number): void => {
      ;[steps, losses, means] = [[], [], []]
      most = count
      build()
    },
    add: (found: readonly number[]): void => {
      for (const loss of found) {
        const before = means.at(-1)
        steps.push(steps.length + 1)
        losses.push(loss)
        means.push(before === undefined ? loss : before + NEW * (loss - before))
      }
      plot?.setData([steps, losses, means])
    },
    /** The mean at the beginning and at the end. */
    ends: (): readonly [number, number] => [means[0] ?? 0, means.at(-1) ?? 0],
  }
}
