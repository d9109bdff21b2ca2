/** Position of the channels of a sequence, picture or volume. */
export type DataFormat = "channelsFirst" | "channelsLast";

/**
 * Returns the spatial axes of a tensor: all except the examples and the channels.
 *
 * @param rank Number of axes of the tensor.
 */
export function spaceAxes(rank: number, dataFormat: DataFormat): number[] {
  const start = dataFormat === "channelsFirst" ? 2 : 1;
  return Array.from({ length: rank - 2 }, (_, i) => start + i);
}
