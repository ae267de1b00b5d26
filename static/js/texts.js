// The few sentences that only the script says, in the page's language: data-* of its own tag.
export const texts = { ...document.currentScript?.dataset };
