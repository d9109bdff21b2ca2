/** Classes that Keras registers, and so counts, under another name than their Python name. */
const OWN_NAMES: Record<string, string> = { GroupQueryAttention: "GroupedQueryAttention" };

/** Returns Keras's name for a class in its files: `conv2d_transpose`. */
function snake(className: string): string {
  const bare = className.slice(className.indexOf(">") + 1);
  return (OWN_NAMES[bare] ?? bare)
    .replaceAll(/\W+/g, "")
    .replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** Returns a function that numbers names as Keras does: the second `dense` is `dense_1`. */
export function groupNames(): (className: string) => string {
  const used = new Map<string, number>();
  return (className) => {
    const name = snake(className);
    const count = used.get(name) ?? 0;
    used.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  };
}
