//! RFC 8259 read by recursive descent into a tree that keeps what `serde_json::Value` drops: how a number is written, lone
//! surrogates, repeated names.

/// A JSON value. Strings are UTF-16 code units, since an escape can name half a character (RFC 8259 §8.2).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Json {
    /// A number, `true`, `false` or `null`, as written.
    Atom(String),
    String(Vec<u16>),
    Array(Vec<Json>),
    Object(Vec<(Vec<u16>, Json)>),
}

/// What is first wrong with a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Grammar,
    Depth,
}

/// The value that `text` is, if arrays and objects nest at most `depth` deep in it.
pub(crate) fn parse(text: &str, depth: usize) -> Result<Json, Flaw> {
    let mut reader = Reader { rest: text };
    let json = reader.value(depth)?;
    reader.skip_white_space();
    if reader.rest.is_empty() { Ok(json) } else { Err(Flaw::Grammar) }
}

/// `text` without the white space outside its strings.
pub(crate) fn without_white_space(text: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let mut kept = String::new();
    for character in text.chars() {
        if in_string || !" \t\n\r".contains(character) {
            kept.push(character);
        }
        in_string ^= character == '"' && !escaped;
        escaped = in_string && character == '\\' && !escaped;
    }
    kept
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, expected: &str) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn require(&mut self, expected: &str) -> Result<(), Flaw> {
        if self.take(expected) { Ok(()) } else { Err(Flaw::Grammar) }
    }

    fn next(&mut self) -> Result<char, Flaw> {
        let mut characters = self.rest.chars();
        let next = characters.next().ok_or(Flaw::Grammar)?;
        self.rest = characters.as_str();
        Ok(next)
    }

    fn skip_white_space(&mut self) {
        while self.take(" ") || self.take("\t") || self.take("\n") || self.take("\r") {}
    }

    fn value(&mut self, depth: usize) -> Result<Json, Flaw> {
        self.skip_white_space();
        for literal in ["null", "true", "false"] {
            if self.take(literal) {
                return Ok(Json::Atom(literal.to_string()));
            }
        }
        if self.take("\"") {
            self.string().map(Json::String)
        } else if self.rest.starts_with(['[', '{']) && depth == 0 {
            Err(Flaw::Depth)
        } else if self.take("[") {
            self.items("]", |reader| reader.value(depth - 1)).map(Json::Array)
        } else if self.take("{") {
            self.items("}", |reader| reader.member(depth - 1)).map(Json::Object)
        } else {
            self.number().map(Json::Atom)
        }
    }

    fn items<T>(&mut self, end: &str, item: impl Fn(&mut Self) -> Result<T, Flaw>) -> Result<Vec<T>, Flaw> {
        let mut items = Vec::new();
        self.skip_white_space();
        if self.take(end) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            self.skip_white_space();
            if self.take(end) {
                return Ok(items);
            }
            self.require(",")?;
        }
    }

    fn member(&mut self, depth: usize) -> Result<(Vec<u16>, Json), Flaw> {
        self.skip_white_space();
        self.require("\"")?;
        let name = self.string()?;
        self.skip_white_space();
        self.require(":")?;
        Ok((name, self.value(depth)?))
    }

    /// What follows the opening quote, to the closing one.
    fn string(&mut self) -> Result<Vec<u16>, Flaw> {
        let mut units = Vec::new();
        loop {
            match self.next()? {
                '"' => return Ok(units),
                '\\' => units.push(self.escape()?),
                '\0'..='\x1f' => return Err(Flaw::Grammar),
                character => units.extend(character.encode_utf16(&mut [0; 2]).iter()),
            }
        }
    }

    fn escape(&mut self) -> Result<u16, Flaw> {
        match self.next()? {
            'u' => (0..4).try_fold(0, |unit, _| {
                let digit = self.next()?.to_digit(16).and_then(|digit| u16::try_from(digit).ok());
                Ok(unit << 4 | digit.ok_or(Flaw::Grammar)?)
            }),
            'b' => Ok(0x08),
            'f' => Ok(0x0c),
            'n' => Ok(0x0a),
            'r' => Ok(0x0d),
            't' => Ok(0x09),
            '"' => Ok(0x22),
            '\\' => Ok(0x5c),
            '/' => Ok(0x2f),
            _ => Err(Flaw::Grammar),
        }
    }

    fn number(&mut self) -> Result<String, Flaw> {
        let start = self.rest;
        self.take("-");
        if !self.take("0") {
            self.digits()?;
        }
        if self.take(".") {
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            self.digits()?;
        }
        Ok(start.strip_suffix(self.rest).unwrap_or(start).to_string())
    }

    fn digits(&mut self) -> Result<(), Flaw> {
        let rest = self.rest.trim_start_matches(|character: char| character.is_ascii_digit());
        if rest.len() == self.rest.len() {
            return Err(Flaw::Grammar);
        }
        self.rest = rest;
        Ok(())
    }
}
