/** Where a report goes that is not told where: `reports/bench-20250131-120000`. */
export const reportDirectory = (kind: string, startedAt: string): string =>
  `reports/${kind}-${startedAt.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`
