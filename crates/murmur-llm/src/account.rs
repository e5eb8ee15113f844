//! Budgets, and what has been spent of them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// What may be spent. What is not given is not limited.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Tokens, input and output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Money, in the currency of the prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<f64>,
}

/// What has been spent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Spent {
    /// Tokens, input and output.
    pub tokens: u64,
    /// Money in billionths, so that sums are exact in any order.
    pub money_nanos: u64,
}

impl Spent {
    /// Money in the currency of the prices.
    pub fn money(self) -> f64 {
        self.money_nanos as f64 / 1e9
    }
}

/// A budget that is drawn upon, of a step or of a run. Shared by all models that draw on it.
#[derive(Debug)]
pub struct Account {
    most: Spent,
    tokens: AtomicU64,
    money_nanos: AtomicU64,
}

impl Account {
    /// An account of which `spent` has gone already, by the part of a run before it was resumed.
    pub fn new(budget: Budget, spent: Spent) -> Self {
        // A float too large for the integer becomes the largest one.
        let money_nanos = budget.money.map_or(u64::MAX, |money| (money * 1e9) as u64);
        Self {
            most: Spent { tokens: budget.tokens.unwrap_or(u64::MAX), money_nanos },
            tokens: spent.tokens.into(),
            money_nanos: spent.money_nanos.into(),
        }
    }

    /// What has been spent so far.
    pub fn spent(&self) -> Spent {
        Spent {
            tokens: self.tokens.load(Ordering::Relaxed),
            money_nanos: self.money_nanos.load(Ordering::Relaxed),
        }
    }

    /// Whether nothing is left, of tokens or of money. It may be overdrawn by what was in flight.
    pub fn is_spent(&self) -> bool {
        let spent = self.spent();
        spent.tokens >= self.most.tokens || spent.money_nanos >= self.most.money_nanos
    }

    /// Draws on it.
    pub fn charge(&self, cost: Spent) {
        self.tokens.fetch_add(cost.tokens, Ordering::Relaxed);
        self.money_nanos.fetch_add(cost.money_nanos, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_spent_when_tokens_or_money_are() {
        let check = |tokens, money, spent: bool| {
            let account = Account::new(Budget { tokens, money }, Spent { tokens: 60, money_nanos: 0 });
            account.charge(Spent { tokens: 40, money_nanos: 2_500_000_000 });
            assert_eq!(account.is_spent(), spent, "{account:?}");
        };
        check(None, None, false);
        check(Some(101), Some(2.6), false);
        check(Some(100), None, true);
        check(None, Some(2.5), true);
        check(None, Some(f64::MAX), false);
    }
}
