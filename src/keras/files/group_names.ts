import { KERAS_LAYER_RECORDS } from "../../traits/keras_layers.ts";

/** Returns Keras's name for a class in its files: `conv2d_transpose`. */
function snake(className: string): string {
  const bare = className.slice(className.indexOf(">") + 1);
  const own = Object.hasOwn(KERAS_LAYER_RECORDS, bare) ? KERAS_LAYER_RECORDS[bare] : null;
  return (own?.registeredAs ?? bare)
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
