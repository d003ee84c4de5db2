// A question that is too long is not sent: the browser says so at its field, where it can be shortened.
export function checkLength(box, most) {
  // As the desk counts: a character outside the Basic Multilingual Plane is one.
  const written = [...box.value].length;
  const [has, may] = [written, most].map((number) => number.toLocaleString("en"));
  box.setCustomValidity(written > most ? `Your question has ${has} characters; at most ${may} can be sent.` : "");
}
