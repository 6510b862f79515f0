/** Returned by the function given to `update()`, it deletes the key. */
export const REMOVE: unique symbol = Symbol('neardict.REMOVE');
