/** Round numbers from 0 to at least `max`, about `count` of them: steps of 1, 2 or 5 times a power of ten. */
export function linearTicks(max: number, count = 5): number[] {
  if (!(max > 0)) return [0, 1]
  const rough = max / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10)
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, nth) => nth * step)
}

/** The powers of ten around a range of positive numbers, with 2 and 5 times each where there are few. */
export function logTicks(min: number, max: number): number[] {
  const first = Math.floor(Math.log10(min))
  const last = Math.ceil(Math.log10(max))
  const factors = last - first <= 2 ? [1, 2, 5] : [1]
  const ticks: number[] = []
  for (let exponent = first; exponent <= last; exponent++) {
    ticks.push(...factors.map((factor) => factor * 10 ** exponent))
  }
  const below = ticks.filter((tick) => tick <= min).at(-1) ?? min
  const above = ticks.find((tick) => tick >= max) ?? max
  return ticks.filter((tick) => tick >= below && tick <= above)
}
