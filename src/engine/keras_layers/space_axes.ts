/** Where the channels of a sequence, picture or volume lie. */
export type DataFormat = "channelsFirst" | "channelsLast";

/**
 * The axes of space of a tensor: all but the examples and the channels.
 *
 * @param rank How many axes the tensor has.
 */
export function spaceAxes(rank: number, dataFormat: DataFormat): number[] {
  const start = dataFormat === "channelsFirst" ? 2 : 1;
  return Array.from({ length: rank - 2 }, (_, i) => start + i);
}
