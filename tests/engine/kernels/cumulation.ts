import fc from "fast-check";

/** What a cumulative sum or product is told: a small shape, any of its axes, and every option. */
export const cumulation = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.integer({ min: -shape.length, max: shape.length - 1 }),
      exclusive: fc.boolean(),
      reverse: fc.boolean(),
    })
  );
