/** What is no UTF-8, what is, and what would be more if it were encoded again. */
export const ODD = ['\xe9', 'caf\xc3\xa9', '\x80\xff\xc3', '\xc3\x83\xc2\xa9', '"\xe2\x82\xac"'];
