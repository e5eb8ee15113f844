//! Products on sale.

use std::sync::Arc;

use murmur_core::{ProductId, Refusal};
use rustc_hash::{FxHashMap, FxHashSet};

/// A product.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Product {
    /// Its number.
    pub id: ProductId,
    /// The name by which it is bought.
    pub name: Arc<str>,
    /// How many were bought.
    pub sales: u64,
}

/// All products.
#[derive(Debug, Default)]
pub struct Products {
    products: Vec<Product>,
    by_name: FxHashMap<Arc<str>, usize>,
    ids: FxHashSet<ProductId>,
}

impl Products {
    /// The products, in the order in which they were put on sale.
    pub fn all(&self) -> &[Product] {
        &self.products
    }

    /// Puts a product on sale, unless one has that number or name.
    pub(crate) fn add(&mut self, id: ProductId, name: &str) -> Result<(), Refusal> {
        if self.by_name.contains_key(name) || self.ids.contains(&id) {
            return Err(Refusal::AlreadyDone);
        }
        self.ids.insert(id);
        let name: Arc<str> = name.into();
        self.by_name.insert(name.clone(), self.products.len());
        self.products.push(Product { id, name, sales: 0 });
        Ok(())
    }

    pub(crate) fn buy(&mut self, name: &str, number: u32) -> Result<(), Refusal> {
        let &place = self.by_name.get(name).ok_or(Refusal::NoSuchProduct)?;
        self.products[place].sales += u64::from(number);
        Ok(())
    }
}
