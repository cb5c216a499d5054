import type { Slot } from '../run/result.js'
import { METRICS, type MetricName } from './metrics.js'
import { mean, type Spread, spreadOf } from './robust.js'

/**
 * The order of the slots of a run: the controls, then the target, and so on, ending with the controls: B A B A B. So each slot
 * of the target has one of every control shortly before it and one shortly after.
 */
export function slotOrder(target: string, controls: readonly string[], rounds: number): string[] {
  const round = [...controls, target]
  return [...Array.from({ length: rounds }, () => round).flat(), ...controls]
}

/**
 * Target / control, once for each slot of the target: its figure over the mean of the control's just before and just after. A
 * machine whose speed drifts steadily slows both of those as much as the slot between them, so drift cancels out; absolute
 * figures keep it. undefined where the metric could not be measured.
 * @throws RangeError where a slot of the target has no neighbour
 */
export function ratiosOf(
  slots: readonly Slot[],
  target: string,
  control: string,
  metric: MetricName,
): Spread | undefined {
  const { of } = METRICS[metric]
  const ratios: number[] = []
  for (const [place, slot] of slots.entries()) {
    if (slot.subject !== target) continue
    const before = slots.slice(0, place).findLast(({ subject }) => subject === control)
    const after = slots.slice(place + 1).find(({ subject }) => subject === control)
    if (before === undefined || after === undefined)
      throw new RangeError(`${control} was not measured on both sides`)
    const [own, one, other] = [of(slot), of(before), of(after)]
    if (own === undefined || one === undefined || other === undefined) return undefined
    ratios.push(own / mean([one, other]))
  }
  return spreadOf(ratios)
}

/** What part of the slots of each subject counts as its best. */
const BEST_PART = 1 / 4

/**
 * Target / control, of the best slots of each. What else a machine does only ever makes a slot worse, so the best ones are the nearest
 * to what the code itself takes: they tell a small change where the median of all slots is still noise. Drift does not cancel out.
 * undefined where the metric could not be measured, or one of them was not.
 */
export function bestRatioOf(
  slots: readonly Slot[],
  target: string,
  control: string,
  metric: MetricName,
): number | undefined {
  const { of, better } = METRICS[metric]
  const bestOf = (subject: string): number | undefined => {
    const figures = slots.filter((slot) => slot.subject === subject).map(of)
    const known = figures.filter((figure) => figure !== undefined)
    if (known.length === 0 || known.length < figures.length) return undefined
    known.sort((a, b) => (better === 'higher' ? b - a : a - b))
    return mean(known.slice(0, Math.ceil(known.length * BEST_PART)))
  }
  const [own, other] = [bestOf(target), bestOf(control)]
  return own === undefined || other === undefined ? undefined : own / other
}
