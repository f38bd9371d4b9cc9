use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion_sql::sqlparser::ast::{Expr, Spanned, visit_expressions};
use datafusion_sql::sqlparser::dialect::GenericDialect;
use datafusion_sql::sqlparser::parser::{Parser, ParserError};
use datafusion_sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::mistake::Mistake;
use super::restrictions;
use crate::EXPRESSION_BYTES_MAX;

/// Reads a text as one expression that has the form of a rule's.
pub(super) fn parse(sql: &str) -> Result<Expr, Mistake> {
    if sql.len() > EXPRESSION_BYTES_MAX {
        let message =
            format!("the expression is longer than {EXPRESSION_BYTES_MAX} bytes: split it");
        return Err(Mistake::elsewhere(message));
    }
    let tokens = Tokenizer::new(&GenericDialect, sql)
        .tokenize_with_location()
        .map_err(|error| Mistake::at(error.message, error.location))?;
    let mut parser = Parser::new(&GenericDialect).with_tokens_with_locations(tokens);
    let expression = parser
        .parse_expr()
        .map_err(|error| syntax_mistake(error, sql))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        return Err(after_the_end(&rest));
    }
    restrictions::check_form(&expression)?;
    Ok(expression)
}

/// Where an expression begins.
pub(super) fn start(expression: &Expr) -> Location {
    expression.span().start
}

/// Whether any of the columns occurs in the expression.
pub(super) fn mentions_any(expression: &Expr, columns: &BTreeSet<String>) -> bool {
    let found = visit_expressions(expression, |part| {
        let column = match part {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(names) => names.first(),
            _ => None,
        };
        if column.is_some_and(|name| columns.contains(&name.value)) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    found.is_break()
}

fn after_the_end(token: &TokenWithSpan) -> Mistake {
    let message = format!(
        "the expression ends before `{}`: remove the rest",
        token.token
    );
    Mistake::at(message, token.span.start)
}

/// The parser tells a location only as the end of its message.
fn syntax_mistake(error: ParserError, sql: &str) -> Mistake {
    let message = match error {
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return Mistake::elsewhere("the expression nests too deep: split it");
        }
    };
    let told = message
        .rsplit_once(" at Line: ")
        .and_then(|(message, place)| {
            let (line, column) = place.split_once(", Column: ")?;
            let location = Location {
                line: line.parse().ok()?,
                column: column.parse().ok()?,
            };
            Some(Mistake::at(message, location))
        });
    told.unwrap_or_else(|| Mistake::at(message, end(sql)))
}

/// The place after the last character.
fn end(sql: &str) -> Location {
    let (mut line, mut column) = (1, 1);
    for character in sql.trim_end().chars() {
        (line, column) = if character == '\n' {
            (line + 1, 1)
        } else {
            (line, column + 1)
        };
    }
    Location { line, column }
}
